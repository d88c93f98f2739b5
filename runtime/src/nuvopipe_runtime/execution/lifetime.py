"""How the processes of a container end."""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import io
import json
import os
import signal
import sys
import threading
import traceback
from typing import TYPE_CHECKING, Any, NoReturn

from ..text import printable, to_bytes

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

PR_SET_PDEATHSIG = 1
"""prctl(2)"""

REASON_MAX = 300
"""Maximum length of the exception text that a process sends before it ends, in characters; its stderr has all of it."""


class SupervisorGone(Exception):
    """Raised when the supervisor has closed the control socket, so that nothing is left to do."""


def say(control: socket.socket, message: dict[str, Any]) -> None:
    """Sends one line of JSON to the supervisor. Raises `SupervisorGone`."""
    try:
        control.sendall(json.dumps(message).encode() + b"\n")
    except ConnectionError:
        raise SupervisorGone from None


def run_to_end(work: Callable[[], object], control: socket.socket) -> NoReturn:
    """Runs the rest of this process's life.

    If `work` raises, the traceback goes to stderr, which is in the activation's log, and the supervisor gets `{ended}` with
    the exception's text.
    """
    status = 0
    try:
        work()
    except SupervisorGone:
        pass
    except BaseException as error:
        status = 1
        write_stderr(traceback.format_exc())
        with contextlib.suppress(Exception):
            say(control, {"ended": printable(f"{type(error).__name__}: {error}"[:REASON_MAX])})
    finally:
        os._exit(status)


def write_stderr(text: str) -> None:
    """Writes to file descriptor 2, even if `sys.stderr` was replaced."""
    with contextlib.suppress(Exception):
        sys.stderr.flush()
    with contextlib.suppress(OSError), io.FileIO(2, "w", closefd=False) as stream:
        left = to_bytes(text)
        while left:
            left = left[stream.write(left) :]


def how_it_exited(code: int) -> str:
    """Describes an exit code. As in `subprocess`, a negative one means that a signal ended the process."""
    return f"signal {signal_name(-code)}" if code < 0 else f"exit code {code}"


def signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)


def die_with_parent(parent: int | None = None) -> None:
    """Ties a process to its parent: if the supervisor is killed, its loaders, their warm processes and their tasks end too.

    `parent`: the parent's process ID if this process was forked, because the parent may have ended before this call.
    """
    try:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    except (OSError, AttributeError):
        return  # not on Linux, where processes end with the container
    if parent is not None and os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def end_as_python_does() -> None:
    """Joins the non-daemon threads and runs the exit handlers, as Python does at exit. The handlers also flush logging."""
    for end in (threading._shutdown, atexit._run_exitfuncs):  # type: ignore[attr-defined]  # CPython's own
        try:
            end()
        except BaseException:
            traceback.print_exc()
