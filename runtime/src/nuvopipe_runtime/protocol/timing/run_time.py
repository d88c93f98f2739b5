"""The time that a flow gives a whole run. Steps of `onFailure` have none of it: they keep to their own limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ...context import Context
    from ..container.record_cache import RecordCache

OVERDUE_MARGIN_MS = 20
"""A pause until the end of a run's time ends a little after it."""


class RunTime:
    """One run's. Without a `timeout` of the flow a run is never over and has no end."""

    def __init__(self, context: Context, records: RecordCache) -> None:
        self._plan = context.plan
        self._store = context.store
        self._layout = context.layout
        self._clock = context.clock
        self._records = records

    def created_ms(self) -> int:
        """When the run was started, epoch milliseconds."""
        return self._records.created(self._store, self._layout)

    def is_over(self, step: str | None = None) -> bool:
        """Whether the run has taken longer than the flow may; `step` is the one that is to be done."""
        left_ms = self.left_ms(step)
        return left_ms is not None and left_ms <= 0

    def left_ms(self, step: str | None = None) -> int | None:
        """What is left for a step; None without a limit."""
        if self._plan.timeout_ms is None or step in self._plan.handlers:
            return None
        return self.created_ms() + self._plan.timeout_ms - self._clock.now_ms()

    def within(self, pause_ms: int, step: str | None = None) -> int:
        """A pause, cut short at the end of the run's time."""
        left_ms = self.left_ms(step)
        return pause_ms if left_ms is None else max(0, min(pause_ms, left_ms + OVERDUE_MARGIN_MS))

    @property
    def message(self) -> str:
        """How a run fails that takes longer."""
        assert self._plan.timeout_ms is not None
        return f"the flow was ended after its time limit of {self._plan.timeout_ms / 1000:g} s"
