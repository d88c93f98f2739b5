"""Inputs of a task: the records of the tasks before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...plan import task_id
from ..claims.pool import Pool

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ...context import Context
    from ...contract.formats import Envelope, RunFailure, TaskRecord
    from ..container.record_cache import RecordCache


class Inputs:
    def __init__(self, context: Context, records: RecordCache) -> None:
        self._context = context
        self._plan = context.plan
        self._store = context.store
        self._layout = context.layout
        self._records = records

    def of(self, envelope: Envelope) -> list[TaskRecord]:
        """Records of the tasks that the envelope's task reads, in Metaflow's order."""
        step, at, before = envelope["step"], envelope.get("at", []), envelope.get("from")
        wanted = self._plan.inputs(step, at, None if before is None else (before[0], before[1:]), self._items_done)
        return self._records.get_all(self._store, self._layout, wanted)

    def know(self, record: TaskRecord) -> None:
        """Remembers a committed record, which following tasks may read."""
        self._records.add(self._layout, record)

    def are_all(self, step: str, at: list[int], inputs: list[TaskRecord]) -> bool:
        """Whether no inputs are missing: a join may continue without failed items."""
        opener = self._plan.steps[step].get("joins")
        if opener is None or "minSuccess" not in self._plan.pools[opener]:
            return True
        return len(inputs) == self.items(opener, at)

    def items(self, opener: str, at: list[int]) -> int:
        """Number of items of a pool."""
        return self._records.items(self._layout.pool_prefix(opener, task_id(at)), self._pool(opener, at).items)

    def know_items(self, opener: str, at: list[int], items: int) -> None:
        self._records.know_items(self._layout.pool_prefix(opener, task_id(at)), items)

    def failures(self, opener: str, at: list[int]) -> dict[int, RunFailure]:
        """Failures by item, of a pool that collects them."""
        return self._pool(opener, at).failures()

    def _items_done(self, opener: str, at: list[int]) -> Iterable[int]:
        items = range(self.items(opener, at))
        if "minSuccess" not in self._plan.pools[opener]:
            return items
        failed = self.failures(opener, at)
        return [item for item in items if item not in failed]

    def _pool(self, opener: str, at: list[int]) -> Pool:
        return Pool(self._context, opener, at)
