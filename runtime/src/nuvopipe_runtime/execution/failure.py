"""Reports an exception that ends a task: a traceback in the log, from the user's first frame on, and a text for the record."""

from __future__ import annotations

import os
import traceback
from typing import TYPE_CHECKING

from ..contract.protocol import TIMEOUT
from ..text import printable, shorten
from .lifetime import write_stderr
from .reasons import reason_of
from .user_code import is_users

if TYPE_CHECKING:
    from types import TracebackType

    from ..plan import Plan
    from .request import Outcome

OURS = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep

ERROR_SENT_MAX = 64 << 10
"""Maximum length of the text that the supervisor gets, in characters; it masks secrets before it shortens the text."""

TEXT_PART_MAX = 256 << 10
"""Length of a traceback's beginning and end in the log, in characters: an exception's text may be huge."""


def failure_of(error: BaseException, kinds: list[str], plan: Plan, directory: str, step: str | None = None) -> Outcome:
    """Writes the failure to the log. Returns `error`, `where` and `kinds` for the supervisor.

    `kinds`: the names of the failure; `directory`: the task's; `step`: None for a task without a step.
    """
    users = _Users(plan, directory)
    frames = users.frames(error.__traceback__)
    message = _message_of(error, kinds, step)
    write_stderr(shorten(_text_of(error, message, users, frames), TEXT_PART_MAX, TEXT_PART_MAX))
    if message is None:
        text = str(error).strip()
        message = f"{type(error).__name__}: {text}" if text else type(error).__name__
    where = ""
    if frames:
        place = f"{frames[-1].filename}:{frames[-1].lineno}"
        where = f", at {place}" if TIMEOUT in kinds else f" ({place})"
    return {"error": printable(message[:ERROR_SENT_MAX]), "where": printable(where), "kinds": kinds}


def _message_of(error: BaseException, kinds: list[str], step: str | None) -> str | None:
    """The message that replaces the exception's own text; None if the text needs no explanation."""
    if isinstance(error, SystemExit):
        code = error.code if isinstance(error.code, int) else 0 if error.code is None else 1
        return f"the step ended with exit code {code}: it called exit({error.code!r})"
    return str(error) if TIMEOUT in kinds else reason_of(error, step)


def _text_of(error: BaseException, message: str | None, users: _Users, frames: list[traceback.FrameSummary]) -> str:
    """The text for the log."""
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


class _Users:
    """Finds the user's own frames in a traceback."""

    def __init__(self, plan: Plan, directory: str) -> None:
        self._source = plan.raw["source"]["name"]
        self._directory = directory

    def frames(self, trace: TracebackType | None) -> list[traceback.FrameSummary]:
        found = [frame for frame in traceback.extract_tb(trace) if self._has(frame.filename)]
        for frame in found:
            if os.path.isabs(frame.filename):
                frame.filename = os.path.relpath(frame.filename, self._directory)
        return found

    def trim(self, error: traceback.TracebackException) -> None:
        """Leaves out the frames above the user's first, and this runtime's."""
        chain: traceback.TracebackException | None = error
        while chain is not None:
            for index, frame in enumerate(chain.stack):
                if self._has(frame.filename):
                    kept = [frame for frame in chain.stack[index:] if not frame.filename.startswith(OURS)]
                    chain.stack = traceback.StackSummary.from_list(kept)
                    break
            chain = chain.__cause__ or chain.__context__

    def _has(self, filename: str) -> bool:
        return filename == self._source or is_users(filename, self._directory)
