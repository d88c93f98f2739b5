"""The time limit of a whole run. It does not apply to the steps of `onFailure`, which only have their own limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ...context import Context
    from ..container.record_cache import RecordCache

OVERDUE_MARGIN_MS = 20
"""A pause until the end of the run's time lasts this much longer, so that the time is over after it."""


class RunTime:
    """The time limit of one run; without `timeout` in the flow there is none."""

    def __init__(self, context: Context, records: RecordCache) -> None:
        self._plan = context.plan
        self._store = context.store
        self._layout = context.layout
        self._clock = context.clock
        self._records = records

    def created_ms(self) -> int:
        """Start of the run, epoch milliseconds."""
        return self._records.created(self._store, self._layout)

    def is_over(self, step: str | None = None) -> bool:
        """Whether the run has exceeded its time limit before `step`."""
        left_ms = self.left_ms(step)
        return left_ms is not None and left_ms <= 0

    def left_ms(self, step: str | None = None) -> int | None:
        """Time left for a step; None without a limit."""
        if self._plan.timeout_ms is None or step in self._plan.handlers:
            return None
        return self.created_ms() + self._plan.timeout_ms - self._clock.now_ms()

    def within(self, pause_ms: int, step: str | None = None) -> int:
        """Shortens a pause to end with the run's time."""
        left_ms = self.left_ms(step)
        return pause_ms if left_ms is None else max(0, min(pause_ms, left_ms + OVERDUE_MARGIN_MS))

    @property
    def message(self) -> str:
        """Error message of a run that exceeds its time limit."""
        assert self._plan.timeout_ms is not None
        return f"the flow was ended after its time limit of {self._plan.timeout_ms / 1000:g} s"
