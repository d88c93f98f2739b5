"""An exception that ends a task: its traceback in the log, from the user's first frame on, and a short text for the record."""

import contextlib
import os
import sys
import traceback

from .attempt import TIMEOUT
from .reasons import reason_of
from .user_code import is_users

ERROR_SENT_MAX = 64 << 10
"""Characters of an exception's text that the supervisor gets: it takes secrets out of it before it cuts it short."""


def failure_of(error, kinds, plan, directory, step=None):
    """`error`, `where` and `kinds` for the supervisor. Prints the failure.

    `kinds`: the names of the failure; `directory`: the task's; `step`: None where the task is none of a step.
    """
    users = _Users(plan, directory)
    frames = users.frames(error.__traceback__)
    message = _message_of(error, kinds, step)
    # The step may have closed its own output.
    with contextlib.suppress(OSError, ValueError):
        _print(error, message, users, frames)
    if message is None:
        text = str(error).strip()
        message = f"{type(error).__name__}: {text}" if text else type(error).__name__
    where = ""
    if frames:
        place = f"{frames[-1].filename}:{frames[-1].lineno}"
        where = f", at {place}" if TIMEOUT in kinds else f" ({place})"
    return {"error": message[:ERROR_SENT_MAX], "where": where, "kinds": kinds}


def _message_of(error, kinds, step):
    """What is said instead of the exception's own text; None where that speaks for itself."""
    if isinstance(error, SystemExit):
        return f"the step called exit({error.code!r})"
    return str(error) if TIMEOUT in kinds else reason_of(error, step)


def _print(error, message, users, frames):
    from metaflow.exception import MetaflowException

    if frames and not isinstance(error, SystemExit):
        chain = traceback.TracebackException(type(error), error, error.__traceback__)
        users.trim(chain)
        print("".join(chain.format()), end="", file=sys.stderr)
    if message:
        print(message, file=sys.stderr)
    elif not frames and isinstance(error, MetaflowException):
        print(f"{error.headline}: {error}", file=sys.stderr)
    elif not frames:
        traceback.print_exception(error)


class _Users:
    """The user's own frames of a traceback."""

    def __init__(self, plan, directory):
        self._source = plan.raw["source"]["name"]
        self._directory = directory

    def frames(self, trace):
        found = [frame for frame in traceback.extract_tb(trace) if self._has(frame.filename)]
        for frame in found:
            if os.path.isabs(frame.filename):
                frame.filename = os.path.relpath(frame.filename, self._directory)
        return found

    def trim(self, chain):
        """Leaves out the frames above the user's first."""
        while chain is not None:
            for index, frame in enumerate(chain.stack):
                if self._has(frame.filename):
                    chain.stack = traceback.StackSummary.from_list(chain.stack[index:])
                    break
            chain = chain.__cause__ or chain.__context__

    def _has(self, filename):
        return filename == self._source or is_users(filename, self._directory)
