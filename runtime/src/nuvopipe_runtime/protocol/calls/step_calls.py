"""Steps that call an action, which the conductor invokes, or a flow, which gets its own run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...contract.openwhisk import OPENSERVERLESS_ACTION_TIME_MAX_MS
from ...contract.protocol import ACTION_ERROR
from ...envelope import only
from ..related_runs.launches import own_session
from . import call_rules
from .outcome import CallOutcome, marked

if TYPE_CHECKING:
    from ...context import Context
    from ...contract.formats import Envelope, PlannedCall
    from ...execution.attempt import Attempt
    from ..related_runs.launches import Launches
    from ..tasks.task_runner import TaskRunner
    from ..timing.run_time import RunTime
    from ..values.conductor_values import Answer
    from .called_flows import CalledFlows


class StepCalls:
    def __init__(self, context: Context, launches: Launches, runner: TaskRunner, run_time: RunTime, flows: CalledFlows) -> None:
        self._store = context.store
        self._layout = context.layout
        self._launches = launches
        self._runner = runner
        self._run_time = run_time
        self._flows = flows

    def ask(self, envelope: Envelope, call: PlannedCall, attempt: int) -> CallOutcome:
        """Calls the action or flow of a step. With `poll` in the envelope, looks for the result of a started flow."""
        if "flow" in call and envelope.pop("starts", False) and self._launches.is_refused:
            return self._flows.refused(envelope, call, attempt)
        if "action" in call and not envelope.pop("watched", False) and self._needs_watch(envelope):
            place: Envelope = only(envelope, ("run", "block", "step", "at")) | {"overdue": 0}
            envelope["watched"] = True
            return CallOutcome(following=self._launches.ask(marked(envelope, attempt), [own_session(place)]))
        if "flow" in call and "poll" in envelope:
            outcome = self._flows.look_after(envelope, call, attempt)
            if outcome is not None:
                return outcome
        made = self._arguments(envelope, call)
        if not made.ok:
            return CallOutcome(tried=made)
        if "flow" in call:
            return self._flows.start(envelope, call, attempt, made.result["arguments"])
        return CallOutcome(following=marked(envelope | {"call": made.result["arguments"]}, attempt))

    def _arguments(self, envelope: Envelope, call: PlannedCall) -> Attempt:
        """Executes the attempt to make the arguments; the attempt fails if they are too large."""
        made = self._runner.arguments(envelope)
        problem = call_rules.too_large(call, made.result["arguments"]) if made.ok else None
        return made if problem is None else self._runner.not_tried(problem, [ACTION_ERROR])

    def _needs_watch(self, envelope: Envelope) -> bool:
        """Whether another session must watch the run's time, because an action that might exceed it cannot be interrupted."""
        left_ms = self._run_time.left_ms(envelope["step"])
        return (
            left_ms is not None
            and left_ms <= OPENSERVERLESS_ACTION_TIME_MAX_MS
            and not self._store.exists(self._layout.overdue)
        )

    def failed(self, answer: Answer) -> Attempt | None:
        """Returns the failed attempt if the answer is an error; otherwise None."""
        error = call_rules.error_of(answer)
        return None if error is None else self._runner.not_tried(error, call_rules.kinds_of(answer))
