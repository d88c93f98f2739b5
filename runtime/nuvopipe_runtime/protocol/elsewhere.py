"""A step's way through an action that the conductor invokes, or a flow that has a run of its own."""

import json

from ..plan import task_id
from . import attempts, calls
from .launch import LATER
from .parameters import EXACT

ACTION_ERROR = "ActionError"
"""What `retry.on` calls the failure of an action, or of a flow that a step has started."""


ACTION_TIME_MAX_MS = 600_000
"""No action takes longer: the limit of OpenServerless, twice that of Apache OpenWhisk."""


class Outcome:
    """One of the three: what was answered, how it failed, or the envelope that goes on asking."""

    def __init__(self, answer=None, tried=None, following=None):
        self.answer = answer
        self.tried = tried
        self.following = following


class Elsewhere:
    def __init__(self, context, launcher, tasks, handover, run_time):
        self._store = context.store
        self._layout = context.layout
        self._clock = context.clock
        self._launcher = launcher
        self._tasks = tasks
        self._handover = handover
        self._run_time = run_time

    def ask(self, envelope, call, attempt):
        """Enters the step; `call` is the plan's. An envelope with `poll` looks after a flow that was started before."""
        if "poll" in envelope:
            return self._look_after(envelope, call, attempt)
        if "flow" in call:
            return self._start_flow(envelope, call, attempt, 0)
        made = self._arguments(envelope, call)
        if not made.ok:
            return Outcome(tried=made)
        self._watch_over(envelope)
        return Outcome(following=_marked(dict(envelope, call=made.result["arguments"]), attempt))

    def _arguments(self, envelope, call):
        """The attempt at what the action, or the flow, is given; it fails where that is too much."""
        made = self._tasks.arguments(envelope)
        problem = calls.too_large(call, made.result["arguments"]) if made.ok else None
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
        error = calls.error_of(answer)
        return None if error is None else self._tasks.not_tried(error, [ACTION_ERROR])

    def _start_flow(self, envelope, call, attempt, poll):
        """The flow has been looked for `poll` times."""
        made = self._arguments(envelope, call)
        if not made.ok:
            return Outcome(tried=made)
        flow, run = call["flow"], self._run_of(envelope, attempt)
        refusal = self._launcher.start(flow, {EXACT: json.dumps(made.result["arguments"]), "run": run, "wait": 0})
        if refusal == LATER:
            since = envelope.get("waits") or self._clock.now_ms()
            following = {key: value for key, value in envelope.items() if key != "poll"} | {"waits": since}
            pause = self._run_time.within(self._handover.pause_after_refusal_ms(since), envelope["step"])
            return Outcome(following=self._handover.pause(_marked(following, attempt), pause))
        envelope.pop("waits", None)
        if refusal is not None:
            return self._failed(f"the flow {flow} could not be started: {refusal}")
        if call["detach"]:
            return Outcome(answer={"result": {"run": run}})
        return self._look_later(envelope, attempt, poll)

    def _look_after(self, envelope, call, attempt):
        """Whether the flow that a step has started has its result."""
        poll, flow, run = envelope["poll"] + 1, call["flow"], self._run_of(envelope, attempt)
        answer = calls.result_of(self._store, flow, run)
        if answer is not None:
            return Outcome(answer=answer)
        if "timeoutMs" in call and calls.is_late(self._store, flow, run, call["timeoutMs"], self._clock.now_ms()):
            limit = f"{call['timeoutMs'] / 1000:g} s, which is the step's time limit"
            return self._failed(f"the flow {flow} has no result after {limit} (run {run})", attempts.TIMEOUT)
        if poll % calls.START_AGAIN_EVERY != 0 or calls.has_begun(self._store, flow, run):
            return self._look_later(envelope, attempt, poll)
        if poll < calls.UNBEGUN_LOOKS_MAX:
            return self._start_flow(envelope, call, attempt, poll)
        why = f"the activations of {flow} tell why"
        return self._failed(f"the flow {flow} was started and has not begun: {why} (run {run})")

    def _look_later(self, envelope, attempt, poll):
        pause = self._run_time.within(calls.poll_ms(poll), envelope["step"])
        return Outcome(following=self._handover.pause(_marked(dict(envelope, poll=poll), attempt), pause))

    def _failed(self, error, kind=ACTION_ERROR):
        return Outcome(tried=self._tasks.not_tried(error, [kind]))

    def _run_of(self, envelope, attempt):
        return calls.run_of(self._layout, envelope["step"], task_id(envelope.get("at", [])), attempt)


def _marked(envelope, attempt):
    return envelope | ({"attempt": attempt} if attempt else {})
