"""An exception that ends a task: its traceback in the log, from the user's first frame on, and a short text for the record."""

import contextlib
import io
import os
import sys
import traceback

from ..contract.protocol import TIMEOUT
from ..text import printable, shorten, to_bytes
from .reasons import reason_of
from .user_code import is_users

OURS = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep

ERROR_SENT_MAX = 64 << 10
"""Characters of an exception's text that the supervisor gets: it takes secrets out of it before it cuts it short."""

TEXT_PART_MAX = 256 << 10
"""Characters of a traceback's beginning, and of its end, that go into the log: an exception's text may be huge."""


def failure_of(error, kinds, plan, directory, step=None):
    """`error`, `where` and `kinds` for the supervisor. Prints the failure.

    `kinds`: the names of the failure; `directory`: the task's; `step`: None where the task is none of a step.
    """
    users = _Users(plan, directory)
    frames = users.frames(error.__traceback__)
    message = _message_of(error, kinds, step)
    _write_stderr(shorten(_text_of(error, message, users, frames), TEXT_PART_MAX, TEXT_PART_MAX))
    if message is None:
        text = str(error).strip()
        message = f"{type(error).__name__}: {text}" if text else type(error).__name__
    where = ""
    if frames:
        place = f"{frames[-1].filename}:{frames[-1].lineno}"
        where = f", at {place}" if TIMEOUT in kinds else f" ({place})"
    return {"error": printable(message[:ERROR_SENT_MAX]), "where": printable(where), "kinds": kinds}


def _message_of(error, kinds, step):
    """What is said instead of the exception's own text; None where that speaks for itself."""
    if isinstance(error, SystemExit):
        code = error.code if isinstance(error.code, int) else 0 if error.code is None else 1
        return f"the step ended with exit code {code}: it called exit({error.code!r})"
    return str(error) if TIMEOUT in kinds else reason_of(error, step)


def _text_of(error, message, users, frames):
    """What the log says of it."""
    from metaflow.exception import MetaflowException

    text = ""
    if frames and not isinstance(error, SystemExit):
        chain = traceback.TracebackException(type(error), error, error.__traceback__)
        users.trim(chain)
        text = "".join(chain.format())
    if message and not text.endswith(f"{message}\n"):
        return f"{text}{message}\n"
    if frames:
        return text
    if isinstance(error, MetaflowException):
        return f"{error.headline}: {error}\n"
    return "".join(traceback.format_exception(error))


def _write_stderr(text):
    """To the log, whatever the step has made of `sys.stderr`."""
    with contextlib.suppress(Exception):
        sys.stderr.flush()
    with contextlib.suppress(OSError), io.FileIO(2, "w", closefd=False) as stream:
        left = to_bytes(text)
        while left:
            left = left[stream.write(left) :]


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
        """Leaves out the frames above the user's first, and this runtime's."""
        while chain is not None:
            for index, frame in enumerate(chain.stack):
                if self._has(frame.filename):
                    kept = [frame for frame in chain.stack[index:] if not frame.filename.startswith(OURS)]
                    chain.stack = traceback.StackSummary.from_list(kept)
                    break
            chain = chain.__cause__ or chain.__context__

    def _has(self, filename):
        return filename == self._source or is_users(filename, self._directory)
