"""How one attempt of a task ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .live_log import LiveLog
    from .request import Outcome


class Attempt:
    """`result` is the task's answer, empty if it gave none; times are epoch seconds."""

    def __init__(
        self,
        ok: bool,
        result: Outcome,
        error: str | None,
        stdout: bytes,
        stderr: bytes,
        started: float,
        ended: float,
        kinds: Iterable[str] = (),
    ) -> None:
        self.ok = ok
        self.result = result
        self.error = error
        self.stdout = stdout
        self.stderr = stderr
        self.started = started
        self.ended = ended
        self.kinds = list(kinds)
        """Names of the failure: the exception's classes, `timeout`, `crash`."""
        self.was_stopped = False
        """Whether the attempt was ended because its run is over."""
        self.live_log: LiveLog | None = None
        """The parts of the log written while the task ran; the attempt's own log replaces them."""
