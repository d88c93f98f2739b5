"""A warm process: one set of variables and secrets, the libraries that its steps import, and a fork for every task.

It is a fork of the loader and has the same limits: no threads and none of the user's code. On its control socket it
first receives its variables; then, in any order,

- `PREPARE` and a line `{step, without}`: import the libraries of a step except those in `without`. It answers a line
  `{importing}` before each library and `{ready}` at the end. If a library left something that does not survive a fork, it
  answers `{unsafe}` with the library's name and ends.
- `FORK` and four descriptors: the task's wire, door, stdout and stderr. It answers `{pid}`,
  and `{status}` when the task has ended.

If it fails, its last line is `{ended}` with the reason.
"""

from __future__ import annotations

import gc
import json
import os
import socket
import sys
import tempfile
import time
from typing import TYPE_CHECKING

from .ahead import import_name, is_there
from .lifetime import die_with_parent, say
from .protect import hide_memory
from .workplace import Workplace

if TYPE_CHECKING:
    from ..plan import Plan
    from .ahead import Ahead
    from .loader import Loaded

PREPARE = b"p"
FORK = b"f"
DESCRIPTORS_A_TASK = 4

IS_OBSERVABLE = os.path.isdir("/proc/self/task") and os.path.isdir("/proc/self/fd")
"""Whether the effects of an import can be observed. If not, tasks import all libraries themselves."""


def serve(control: socket.socket, loaded: Loaded, plan: Plan) -> None:
    """Serves until the supervisor closes the control socket."""
    from . import task

    hide_memory()  # this process knows the secrets of its steps, and tasks of other steps run beside it
    lines = control.makefile("rb", buffering=0)
    _take_variables(json.loads(lines.readline()))
    os.chdir(plan.directory)
    workplace = Workplace(plan.directory)
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, 1, DESCRIPTORS_A_TASK)
        if not message:
            workplace.remove()
            return
        if message == PREPARE:
            request = json.loads(lines.readline())
            unsafe = loaded.ahead and _prepare(control, loaded.ahead, request["step"], request["without"])
            say(control, {"unsafe": unsafe} if unsafe else {"ready": True})
            if unsafe:
                workplace.remove()
                return
            continue
        directory = workplace.take()
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            die_with_parent(parent)
            lines.close()
            control.close()
            task.run(loaded, plan, directory, task.Descriptors(*descriptors))
        for descriptor in descriptors:
            os.close(descriptor)
        say(control, {"pid": pid})
        _, status = os.waitpid(pid, 0)
        say(control, {"status": status})
        workplace.give_back()
        workplace.prepare()


def _take_variables(variables: dict[str, str]) -> None:
    os.environ.update(variables)
    if "TZ" in variables:
        time.tzset()


def _prepare(control: socket.socket, ahead: Ahead, step: str, without: list[str]) -> str | None:
    """Imports a step's libraries. Returns a library that does not survive a fork, if any; then this process must end."""
    own, others = ahead.of(step)
    ahead.compile_own(own)
    wanted = [name for name in others if IS_OBSERVABLE and name.partition(".")[0] not in without and _is_new(name)]
    for name in wanted:
        package = name.partition(".")[0]
        say(control, {"importing": package})
        if not _is_safe(name):
            return package
    ahead.code.look_for_shadowed()
    if wanted:
        gc.collect()
        gc.freeze()
    return None


def _is_new(name: str) -> bool:
    parent, _, last = name.rpartition(".")
    return name not in sys.modules and last not in vars(sys.modules.get(parent, sys)) and is_there(name)


def _is_safe(name: str) -> bool:
    """Imports a library. False if it failed, printed, or left threads or open descriptors behind."""
    before = _descriptors()
    with tempfile.TemporaryFile() as output:
        kept = [os.dup(1), os.dup(2)]
        for stream in (1, 2):
            os.dup2(output.fileno(), stream)
        try:
            import_name(name)
            sys.stdout.flush()
            sys.stderr.flush()
            has_succeeded = output.seek(0, os.SEEK_END) == 0
        except BaseException:
            has_succeeded = False
        finally:
            for stream, descriptor in zip((1, 2), kept, strict=True):
                os.dup2(descriptor, stream)
                os.close(descriptor)
    return has_succeeded and _descriptors() == before and not _has_threads()


def _descriptors() -> set[str]:
    return {name for name in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{name}")}


def _has_threads() -> bool:
    """Whether threads would be lost in a fork. OpenBLAS, in numpy, ends its own before a fork and restarts them on demand."""
    if len(os.listdir("/proc/self/task")) == 1:
        return False
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return len(os.listdir("/proc/self/task")) > 1
