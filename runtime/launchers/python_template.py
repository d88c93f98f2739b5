"""A template for containers of Python actions: an interpreter with their modules imported, forked for every container.

`python python_template.py SOCKET LAUNCHER MODULE...` reads one JSON line per request on stdin, `{id, dir, main, env}`. The fork
connects four times to the unix socket SOCKET (its stdin, stdout, stderr and fd 3; each connection starts with a line
`id fd pid`), starts its own process session, and runs LAUNCHER as a new interpreter would. A line on fd 3, `{id, exited}`,
reports the end of a fork. The template stays single-threaded, because a fork of a process with threads may hang.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
import types
from typing import Any


def main() -> tuple[dict[str, Any], str, str, types.CodeType] | None:
    """Serves until its stdin closes, then returns None. In each fork it returns what the new container must run."""
    address, launcher, *modules = sys.argv[1:]
    sys.path[0] = os.getcwd()
    for module in modules:
        try:
            importlib.import_module(module)
        except Exception as error:  # the action that needs it reports the error itself
            print("preload of %s: %s" % (module, error), file=sys.stderr)
    with open(launcher) as file:
        code = compile(file.read(), launcher, "exec")

    gc.freeze()  # keeps imported objects shared between the forks, because the collector no longer touches them

    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    os.set_blocking(woken, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    children: dict[int, str] = {}
    """Container IDs by process ID."""
    pending = b""
    tell({"ready": True})
    while True:
        readable, _, _ = select.select([0, woken], [], [])
        if woken in readable:
            drain(woken)
        reap(children)
        if 0 not in readable:
            continue
        data = os.read(0, 1 << 16)
        if not data:
            abandon(children, address)
            return None
        pending += data
        *lines, pending = pending.split(b"\n")
        for line in lines:
            request = json.loads(line)
            pid = os.fork()
            if pid == 0:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                os.close(woken)
                os.close(wake)
                return request, address, launcher, code
            children[pid] = request["id"]


def tell(event: dict[str, Any]) -> None:
    os.write(3, json.dumps(event).encode() + b"\n")


def drain(fd: int) -> None:
    try:
        while os.read(fd, 512):
            pass
    except BlockingIOError:
        pass


def reap(children: dict[int, str]) -> None:
    while children:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        if pid in children:
            tell({"id": children.pop(pid), "exited": os.waitstatus_to_exitcode(status)})


def abandon(children: dict[int, str], address: str) -> None:
    """Ends the containers and removes the socket, because the server has ended or was killed."""
    for pid in children:
        try:
            os.killpg(pid, signal.SIGKILL)
        except OSError:
            pass
    try:
        os.unlink(address)
        os.rmdir(os.path.dirname(address))
    except OSError:
        pass


def become_container(request: dict[str, Any], address: str) -> None:
    os.setsid()
    for fd in range(4):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.connect(address)
            connection.sendall(b"%s %d %d\n" % (request["id"].encode(), fd, os.getpid()))
            os.dup2(connection.fileno(), fd)
    os.environ.clear()
    os.environ.update(request["env"])
    os.chdir(request["dir"])
    sys.path[0] = request["dir"]
    sys.path_importer_cache.clear()


if __name__ == "__main__":
    forked = main()
    if forked is not None:
        request, address, launcher, code = forked
        become_container(request, address)
        sys.argv[:] = [launcher, request["main"]]
        module = types.ModuleType("__main__")
        module.__file__ = launcher
        vars(module)["__builtins__"] = __builtins__
        sys.modules["__main__"] = module
        try:
            exec(code, module.__dict__)
        finally:
            try:
                sys.stdout.flush()
                sys.stderr.flush()
            except OSError:
                pass
