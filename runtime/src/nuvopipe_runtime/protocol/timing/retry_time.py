"""`retry.within`: the time limit for all attempts of a task together, pauses included."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...plan import task_id

if TYPE_CHECKING:
    from ...context import Context
    from ...contract.formats import Envelope


class RetryTime:
    def __init__(self, context: Context) -> None:
        self._plan = context.plan
        self._store = context.store
        self._layout = context.layout
        self._clock = context.clock

    def begin(self, envelope: Envelope, attempt: int) -> None:
        """Writes the time at which the first attempt began into the envelope, if the attempts have a common limit."""
        step = envelope["step"]
        if self._within_ms(step) is None or "since" in envelope:
            return
        # After a session was lost, the first failed attempt's record has the time.
        first = self._layout.failed_attempt(step, task_id(envelope.get("at", [])), 0)
        record = self._store.get_json(first) if attempt else None
        envelope["since"] = record["started"] if record else self._clock.now_ms()

    def left_ms(self, envelope: Envelope) -> int | None:
        """Time left for all attempts; None without a limit."""
        within_ms = self._within_ms(envelope["step"])
        return None if within_ms is None else envelope["since"] + within_ms - self._clock.now_ms()

    def message(self, step: str) -> str:
        within_ms = self._within_ms(step)
        assert within_ms is not None
        return f"the step was ended: its attempts may take {within_ms / 1000:g} s in total"

    def _within_ms(self, step: str) -> int | None:
        return self._plan.steps[step].get("retry", {}).get("withinMs")
