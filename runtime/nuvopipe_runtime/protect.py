"""Keeps the supervisor's memory, and the OpenWhisk key in it, from the user's code."""

PR_SET_DUMPABLE = 4
"""prctl(2): a process that is not dumpable can't be read through /proc by others of the same user."""


def hide_memory():
    import ctypes

    try:
        ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0)
    except (OSError, AttributeError):
        pass  # not Linux
