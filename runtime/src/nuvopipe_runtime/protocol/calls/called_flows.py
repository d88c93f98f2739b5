"""Flows as steps: starts a run, looks for its result for a while, then waits without a session."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...contract.protocol import ACTION_ERROR, LOOKS_MAX, STORED_PARAMETERS, TIMEOUT
from ...envelope import without
from ...plan import task_id
from ..related_runs.launches import invocation
from ..related_runs.parent import PARK_MS
from ..values.stored_parameters import store_given
from . import call_rules
from .outcome import CallOutcome, marked

if TYPE_CHECKING:
    from ...context import Context
    from ...contract.formats import Envelope, PlannedCallFlow
    from ..related_runs import RelatedRuns
    from ..related_runs.launches import Launches
    from ..sessions.handover import Handover
    from ..tasks import Tasks
    from ..timing import TimeLimits

RESUME_AGAIN_MS = 1_000
"""Pause before looking again whether a run to resume has ended."""


class CalledFlows:
    def __init__(
        self,
        context: Context,
        launches: Launches,
        related_runs: RelatedRuns,
        tasks: Tasks,
        handover: Handover,
        limits: TimeLimits,
    ) -> None:
        self._plan = context.plan
        self._store = context.store
        self._layout = context.layout
        self._clock = context.clock
        self._launches = launches
        self._lineage = related_runs.lineage
        self._inputs = tasks.inputs
        self._runner = tasks.runner
        self._handover = handover
        self._run_time = limits.run
        self._retry_time = limits.retries
        self._children = related_runs.children
        self._parent = related_runs.parent

    def start(self, envelope: Envelope, call: PlannedCallFlow, attempt: int, arguments: dict[str, Any]) -> CallOutcome:
        """Starts the flow, or resumes the run that the step called in this run's origin."""
        flow, run, step, task = call["flow"], self._run_of(envelope, attempt), envelope["step"], self._task(envelope)
        given: dict[str, Any] = {STORED_PARAMETERS: True}
        if not call["detach"]:
            origin = self._to_resume(envelope, flow, attempt, arguments)
            if origin is not None and not call_rules.is_over(self._store, flow, origin):
                self._children.cancel(flow, origin)  # its parent was cancelled
                return CallOutcome(following=self._pause(envelope, attempt, RESUME_AGAIN_MS))
            if origin is not None:
                given = {"resume": origin}
            self._children.keep(step, task, attempt, flow, run, arguments)
        if STORED_PARAMETERS in given:
            store_given(self._store, flow, run, arguments)
        invoked = invocation(flow, {**given, "run": run, "wait": 0})
        refused = marked(without(envelope, ("poll",)) | {"starts": True}, attempt)
        begun = without(envelope, ("waits",))
        if call["detach"]:
            begun = marked(begun | {"answer": {"result": {"run": run}}}, attempt)
        else:
            begun = self._later(begun, attempt, envelope.get("poll", -1) + 1)
        return CallOutcome(following=self._launches.ask(refused, [invoked], begun))

    def refused(self, envelope: Envelope, call: PlannedCallFlow, attempt: int) -> CallOutcome:
        """Continues after the platform has refused to start the flow."""
        if not self._launches.is_refused_for_now:
            return self._failed(f"the flow {call['flow']} could not be started: {self._launches.refusal}")
        since = envelope.get("waits") or self._clock.now_ms()
        pause_ms = self._handover.pause_after_refusal_ms(since)
        return CallOutcome(following=self._pause(envelope | {"waits": since}, attempt, pause_ms))

    def look_after(self, envelope: Envelope, call: PlannedCallFlow, attempt: int) -> CallOutcome | None:
        """Looks for the flow's result; None if the flow must be started again."""
        poll, flow, run = envelope["poll"] + 1, call["flow"], self._run_of(envelope, attempt)
        answer = call_rules.result_of(self._store, flow, run)
        if answer is not None:
            return CallOutcome(answer=answer)
        begun = call_rules.run_record(self._store, flow, run)
        if begun is None:
            if poll >= call_rules.UNBEGUN_LOOKS_MAX:
                why = "see the logs of its activations"
                return self._failed(f"the flow {flow} was started but has not begun: {why} (run {run})")
            return None if poll % call_rules.START_AGAIN_EVERY == 0 else self._look_later(envelope, attempt, poll)
        left_ms = begun["created"] + call["timeoutMs"] - self._clock.now_ms() if "timeoutMs" in call else None
        retry_ms = self._retry_time.left_ms(envelope)
        if retry_ms is not None and retry_ms <= 0:
            self._children.cancel(flow, run)
            return self._failed(f"{self._retry_time.message(envelope['step'])} (run {run})", TIMEOUT)
        if left_ms is not None and left_ms <= 0:
            self._children.cancel(flow, run)
            limit = f"{call['timeoutMs'] / 1000:g} s, which is the step's time limit"
            return self._failed(f"the flow {flow} has no result after {limit} (run {run})", TIMEOUT)
        left_ms = min((each for each in (left_ms, retry_ms) if each is not None), default=None)
        if poll < LOOKS_MAX:
            return self._look_later(envelope, attempt, poll, left_ms)
        if begun.get("isSequence"):
            return self._look_later(envelope, attempt, poll, left_ms)  # a sequence has no conductor that could start a session
        return self._wait(envelope | {"poll": poll}, flow, run, attempt, left_ms)

    def _wait(self, envelope: Envelope, flow: str, run: str, attempt: int, left_ms: int | None) -> CallOutcome:
        """Waits for the child, whose end starts a session. This session stays only if it must enforce a time limit."""
        is_limited = left_ms is not None or self._run_time.left_ms(envelope["step"]) is not None
        if not is_limited and not self._handover.keeps(envelope, PARK_MS):
            return CallOutcome(following=self._handover.stop(envelope))
        if not is_limited or envelope["poll"] == LOOKS_MAX:
            self._parent.wait_for(flow, run, marked(envelope, attempt))
            answer = call_rules.result_of(self._store, flow, run)
            if answer is not None:
                return CallOutcome(answer=answer)
        if not is_limited:
            return CallOutcome(following=self._handover.stop(envelope))
        following = self._later(envelope, attempt, envelope["poll"], left_ms)
        if envelope.get("home") and "wait" in following:
            following = self._handover.hand_over(following, keeps_wait=True)
        return CallOutcome(following=following)

    def _look_later(self, envelope: Envelope, attempt: int, poll: int, left_ms: int | None = None) -> CallOutcome:
        return CallOutcome(following=self._later(envelope, attempt, poll, left_ms))

    def _later(self, envelope: Envelope, attempt: int, poll: int, left_ms: int | None = None) -> Envelope:
        pause_ms = call_rules.poll_ms(poll)
        return self._pause(envelope | {"poll": poll}, attempt, pause_ms if left_ms is None else min(pause_ms, left_ms))

    def _pause(self, envelope: Envelope, attempt: int, pause_ms: int) -> Envelope:
        return self._handover.pause(marked(envelope, attempt), self._run_time.within(pause_ms, envelope["step"]))

    def _to_resume(self, envelope: Envelope, flow: str, attempt: int, arguments: dict[str, Any]) -> str | None:
        """Name of the run to resume; None if the flow starts anew because its arguments or inputs have changed."""
        step = envelope["step"]
        if not self._lineage.resumes or attempt or step in self._plan.handlers or self._lineage.is_from(step):
            return None
        if not all("origin" in record for record in self._inputs.of(envelope)):
            return None
        run = self._children.to_resume(step, self._task(envelope), arguments)
        return run if run is not None and call_rules.is_resumable(self._store, flow, run) else None

    def _failed(self, error: str, kind: str = ACTION_ERROR) -> CallOutcome:
        return CallOutcome(tried=self._runner.not_tried(error, [kind]))

    def _task(self, envelope: Envelope) -> str:
        return task_id(envelope.get("at", []))

    def _run_of(self, envelope: Envelope, attempt: int) -> str:
        return call_rules.run_of(self._layout, envelope["step"], self._task(envelope), attempt)
