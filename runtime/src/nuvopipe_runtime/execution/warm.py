"""A warm process: one set of variables and secrets, the libraries that its steps import, and a fork for every task.

A fork of the loader, with the same limits: no threads, no OpenWhisk key, none of the user's code. On its control socket it
first receives its variables; then, in any order,

- `PREPARE` and a line `{step, without}`: import the libraries of a step except those in `without`. It answers a line
  `{importing}` before each library and `{ready}` at the end; or `{unsafe}` with the name of a library that left something
  a fork does not survive, and then it exits.
- `FORK` and four descriptors: the task's wire, door, stdout and stderr. It answers `{pid}`,
  and `{status}` when the task has ended.
"""

import gc
import json
import os
import socket
import sys
import tempfile
import time

from .ahead import import_name, is_there
from .lifetime import die_with_parent
from .protect import hide_memory
from .workplace import Workplace

PREPARE = b"p"
FORK = b"f"
DESCRIPTORS_A_TASK = 4

IS_OBSERVABLE = os.path.isdir("/proc/self/task") and os.path.isdir("/proc/self/fd")
"""Whether the effects of an import can be observed. If not, tasks import everything themselves."""


def serve(control, context, ahead, plan):
    """Never returns. `context` is Metaflow's, or the error with which the flow could not be loaded."""
    from . import task

    die_with_parent()
    hide_memory()  # it knows the secrets of its steps, and tasks of other steps run beside it
    lines = control.makefile("rb", buffering=0)
    _take_variables(json.loads(lines.readline()))
    os.chdir(plan.directory)
    workplace = Workplace(plan.directory)
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, 1, DESCRIPTORS_A_TASK)
        if not message:
            workplace.remove()
            os._exit(0)
        if message == PREPARE:
            request = json.loads(lines.readline())
            if ahead is not None:
                _prepare(control, ahead, request["step"], request["without"])
            _say(control, {"ready": True})
            continue
        directory = workplace.take()
        pid = os.fork()
        if pid == 0:
            control.close()
            task.run(context, plan, ahead, directory, *descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        _say(control, {"pid": pid})
        _, status = os.waitpid(pid, 0)
        _say(control, {"status": status})
        workplace.give_back()
        workplace.prepare()


def _say(control, message):
    control.sendall(json.dumps(message).encode() + b"\n")


def _take_variables(variables):
    os.environ.update(variables)
    if "TZ" in variables:
        time.tzset()


def _prepare(control, ahead, step, without):
    own, others = ahead.of(step)
    ahead.compile_own(own)
    has_imported = _import(control, others, without)
    ahead.code.look_for_shadowed()
    if has_imported:
        gc.collect()
        gc.freeze()


def _import(control, others, without):
    """Whether there was anything to import."""
    wanted = [name for name in others if IS_OBSERVABLE and name.partition(".")[0] not in without and _is_new(name)]
    for name in wanted:
        package = name.partition(".")[0]
        _say(control, {"importing": package})
        if not _is_safe(name):
            _say(control, {"unsafe": package})
            os._exit(0)
    return bool(wanted)


def _is_new(name):
    parent, _, last = name.rpartition(".")
    return name not in sys.modules and last not in vars(sys.modules.get(parent, sys)) and is_there(name)


def _is_safe(name):
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


def _descriptors():
    return {name for name in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{name}")}


def _has_threads():
    """Whether threads survive a fork. OpenBLAS, in numpy, ends its own before a fork and restarts them on demand."""
    if len(os.listdir("/proc/self/task")) == 1:
        return False
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return len(os.listdir("/proc/self/task")) > 1
