"""Tasks that need not be executed: committed ones, those of the origin of a resumed run, and cached ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...plan import task_id
from . import commit as commits

if TYPE_CHECKING:
    from concurrent.futures import Future

    from ...context import Context
    from ...contract.formats import CacheFacts, Envelope, TaskRecord
    from ..related_runs.lineage import Lineage
    from .cache import Cache
    from .inputs import Inputs

WALK_RESERVE_S = 8
"""Time reserved when an activation walks over committed tasks."""


class Reuse:
    def __init__(self, context: Context, lineage: Lineage, cache: Cache, inputs: Inputs) -> None:
        self._plan = context.plan
        self._store = context.store
        self._layout = context.layout
        self._clock = context.clock
        self._deadline = context.deadline
        self._lineage = lineage
        self._cache = cache
        self._inputs = inputs
        self._profile: str | None = None
        """Profile of the steps that this activation's action executes."""
        self._peeked: tuple[str, TaskRecord | None] | None = None
        """Key and record of the next task, if they were read already."""

    def begin(self, envelope: Envelope) -> None:
        """Prepares for the activation's envelope."""
        self._profile = self._plan.profile(envelope["step"]) if "step" in envelope else None

    def has_next(self, following: Envelope) -> bool:
        """Whether the next task need not be executed. Then this activation continues, whichever action the step belongs to."""
        if "step" not in following or self._plan.is_sequence:
            return False
        if not (following.get("again") or self._lineage.resumes or self.is_cacheable(following["step"])):
            return False
        if following.keys() & {"wait", "call", "claim", "answer", "result"} or following.get("guard") is not None:
            return False
        if self._clock.now() + WALK_RESERVE_S >= self._deadline:
            return False
        key = self._layout.commit(following["step"], task_id(following["at"]))
        record = self.record(following)
        self._peeked = key, record
        return record is not None

    def record(self, envelope: Envelope) -> TaskRecord | None:
        """The record of a task that is committed or can be taken over; None if it must be executed."""
        step, at = envelope["step"], envelope.get("at", [])
        key = self._layout.commit(step, task_id(at))
        if self._peeked and self._peeked[0] == key:
            return self._peeked[1]
        record: TaskRecord | None = self._store.get_json(key)
        if record is not None:
            return record
        found = self._of_another(envelope, step, at)
        return None if found is None else commits.commit(self._store, self._layout, found)

    def is_cacheable(self, step: str) -> bool:
        """Whether the step may be looked up in the cache here: only its own action knows its environment."""
        return "cache" in self._plan.steps[step] and self._plan.profile(step) == self._profile

    def facts(self, step: str, at: list[int], inputs: list[TaskRecord]) -> CacheFacts | None:
        """Cache facts of an executed task; None if it is not cached."""
        return self._cache.facts(step, at, inputs) if inputs and self.is_cacheable(step) else None

    def keep(self, record: TaskRecord, inputs: list[TaskRecord]) -> list[Future[Any]]:
        """Starts to write the cache entry of a task that was executed here."""
        if "cache" not in record or not self._inputs.are_all(record["step"], record["at"], inputs):
            return []
        return self._cache.keep(record, inputs)

    def _of_another(self, envelope: Envelope, step: str, at: list[int]) -> TaskRecord | None:
        """The record that a task takes over: from the origin, or else from the cache."""
        if self._lineage.resumes:
            found = self._lineage.find(step, task_id(at), self._inputs.of(envelope))
            if found is not None:
                return found
        if not self.is_cacheable(step) or self._lineage.redoes:
            return None
        inputs = self._inputs.of(envelope)
        return self._cache.find(step, at, inputs, self._lineage.facts) if self._inputs.are_all(step, at, inputs) else None
