"""One attempt of a step: its call, its inputs, its execution."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..contract.protocol import TIMEOUT
from .tasks import retries

if TYPE_CHECKING:
    from ..context import Context
    from ..contract.formats import Envelope, TaskRecord
    from ..execution.attempt import Attempt
    from .calls.step_calls import StepCalls
    from .pools.lanes import Lanes
    from .tasks import Tasks
    from .timing.run_time import RunTime
    from .values.conductor_values import Answer


@dataclass(frozen=True)
class Trial:
    """An attempt and the records of the tasks that it read."""

    attempt: Attempt
    inputs: list[TaskRecord]


class StepAttempts:
    def __init__(self, context: Context, tasks: Tasks, step_calls: StepCalls, lanes: Lanes, run_time: RunTime) -> None:
        self._plan = context.plan
        self._inputs = tasks.inputs
        self._runner = tasks.runner
        self._step_calls = step_calls
        self._lanes = lanes
        self._run_time = run_time

    def make(self, envelope: Envelope, number: int, answer: Answer | None, died: str | None) -> Trial | Envelope:
        """Makes the attempt; `number` counts from 0. Returns an envelope if something else comes first or instead.

        `answer` comes from the action or flow that the step calls; `died` says how an earlier activation of the attempt ended.
        """
        spec = self._plan.steps[envelope["step"]]
        tried = self._lost(envelope, died)
        if tried is None and answer is None and "call" in spec and number <= retries.times_of(spec):
            outcome = self._step_calls.ask(envelope, spec["call"], number)
            if outcome.following is not None:
                return outcome.following
            answer, tried = outcome.answer, outcome.tried
        if tried is None and answer is not None:
            tried = self._step_calls.failed(answer)
        return self._execute(envelope, number, answer) if tried is None else Trial(tried, [])

    def _lost(self, envelope: Envelope, died: str | None) -> Attempt | None:
        """Returns a failed attempt if the run has no time left or the step's activation failed; otherwise None."""
        if self._run_time.is_over(envelope["step"]):
            return self._runner.not_tried(self._run_time.message, [TIMEOUT])
        if died and "poll" not in envelope:
            return self._runner.not_tried(f"the step's activation failed: {died}", retries.kinds_of_death(died))
        return None

    def _execute(self, envelope: Envelope, number: int, answer: Answer | None) -> Trial | Envelope:
        step, at = envelope["step"], envelope.get("at", [])
        inputs = self._inputs.of(envelope)
        failed = [record for record in inputs if not record["ok"]]
        if failed or not self._inputs.are_all(step, at, inputs):
            following = self._lanes.without(envelope, step, at, failed)
            if following is not None:
                return following
            inputs = [record for record in inputs if record["ok"]]
        return Trial(self._runner.step(envelope, inputs, number, answer), inputs)
