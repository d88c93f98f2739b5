"""How the processes of a container end."""

import atexit
import ctypes
import signal
import threading
import traceback

PR_SET_PDEATHSIG = 1
"""prctl(2)"""


def die_with_parent():
    """A killed supervisor takes its loader with it, that its warm processes, and those their tasks."""
    try:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    except (OSError, AttributeError):
        pass  # not Linux: the container's end takes them all


def end_as_python_does():
    """Joins the non-daemon threads and runs the exit handlers, which also flush logging, as Python does at exit."""
    for end in (threading._shutdown, atexit._run_exitfuncs):
        try:
            end()
        except BaseException:
            traceback.print_exc()
