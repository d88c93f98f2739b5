"""Time limits of a run, of a task's attempts and of a client that waits, and the pauses of a session."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .retry_time import RetryTime
    from .run_time import RunTime


@dataclass(frozen=True)
class TimeLimits:
    """The limits that the flow sets."""

    run: RunTime
    retries: RetryTime
