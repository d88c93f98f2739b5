"""A step's way through an action that the conductor invokes, or a flow that has a run of its own."""

from ...contract.protocol import ACTION_ERROR
from . import call_rules
from .outcome import CallOutcome, marked

ACTION_TIME_MAX_MS = 600_000
"""No action takes longer: the limit of OpenServerless, twice that of Apache OpenWhisk."""


class StepCalls:
    def __init__(self, context, tasks, handover, run_time, flows):
        self._store = context.store
        self._layout = context.layout
        self._tasks = tasks
        self._handover = handover
        self._run_time = run_time
        self._flows = flows

    def ask(self, envelope, call, attempt):
        """Enters the step; `call` is the plan's. An envelope with `poll` looks after a flow that was started before."""
        outcome = self._flows.look_after(envelope, call, attempt) if "poll" in envelope else None
        if outcome is not None:
            return outcome
        made = self._arguments(envelope, call)
        if not made.ok:
            return CallOutcome(tried=made)
        if "flow" in call:
            return self._flows.start(envelope, call, attempt, made.result["arguments"])
        self._watch_over(envelope)
        return CallOutcome(following=marked(dict(envelope, call=made.result["arguments"]), attempt))

    def _arguments(self, envelope, call):
        """The attempt at what the action, or the flow, is given; it fails where that is too much."""
        made = self._tasks.arguments(envelope)
        problem = call_rules.too_large(call, made.result["arguments"]) if made.ok else None
        return made if problem is None else self._tasks.not_tried(problem, [ACTION_ERROR])

    def _watch_over(self, envelope):
        """Nobody can cut an action short: where the run's time may end first, another session sees to it that the run does."""
        left_ms = self._run_time.left_ms(envelope["step"])
        if left_ms is None or left_ms > ACTION_TIME_MAX_MS or self._store.exists(self._layout.overdue):
            return
        place = {key: envelope[key] for key in ("run", "block", "step", "at") if key in envelope}
        if self._handover.launch({**place, "overdue": True}):
            self._store.put(self._layout.overdue, b"{}")

    def failed(self, answer):
        """The attempt that failed with the answer of an action, or of a flow; None when it did not."""
        error = call_rules.error_of(answer)
        return None if error is None else self._tasks.not_tried(error, call_rules.kinds_of(answer))
