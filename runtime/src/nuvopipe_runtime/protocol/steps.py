"""One step of a session: its task is executed, or found done, and what it says decides what follows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..contract.protocol import TIMEOUT
from ..plan import task_id
from ..store import Lost
from .related_runs.lineage import pathspec
from .runs.ending import failure_of
from .tasks import commit as commits
from .tasks import retries
from .values.conductor_values import answer_of_action

if TYPE_CHECKING:
    from concurrent.futures import Future

    from ..context import Context
    from ..contract.formats import Envelope, TaskRecord
    from ..execution.attempt import Attempt
    from .calls.step_calls import StepCalls
    from .claims.leases import Leases
    from .pools.lanes import Lanes
    from .related_runs.lineage import Lineage
    from .runs.ending import Ending
    from .sessions.handover import Handover
    from .tasks.inputs import Inputs
    from .tasks.reuse import Reuse
    from .tasks.task_runner import TaskRunner
    from .timing.retry_time import RetryTime
    from .timing.run_time import RunTime
    from .values.conductor_values import Answer


class Steps:
    def __init__(
        self,
        context: Context,
        lineage: Lineage,
        leases: Leases,
        inputs: Inputs,
        reuse: Reuse,
        tasks: TaskRunner,
        step_calls: StepCalls,
        lanes: Lanes,
        handover: Handover,
        ending: Ending,
        run_time: RunTime,
        retry_time: RetryTime,
    ) -> None:
        self._context = context
        self._plan = context.plan
        self._store = context.store
        self._layout = context.layout
        self._lineage = lineage
        self._leases = leases
        self._inputs = inputs
        self._reuse = reuse
        self._tasks = tasks
        self._step_calls = step_calls
        self._lanes = lanes
        self._handover = handover
        self._ending = ending
        self.stand_in: int | None = None
        """Number of the action that this is, where the step's own does not start: it executes nothing of the user's."""
        self._run_time = run_time
        self._retry_time = retry_time

    def enter(self, envelope: Envelope) -> Envelope:
        """The envelope that follows. What is committed is not executed again."""
        again, died = envelope.pop("again", False), envelope.pop("died", None)
        attempt, answer = envelope.pop("attempt", 0), answer_of_action(envelope.pop("answer", None))
        is_woken = "poll" in envelope and not (again or died)
        is_repeated = bool(again or died or self._lineage.resumes)
        record = None
        if is_repeated or is_woken or self._reuse.is_cacheable(envelope["step"]):
            record = self._reuse.record(envelope)
        if record is None:
            return self._perform(envelope, attempt, answer, again, died)
        if (is_woken or not is_repeated) and not commits.is_ours(record, self._context.by):
            return self._handover.stop(envelope)  # another session is on this path, and ahead
        files = commits.finish(self._store, record)
        return self._leave(envelope, record, files, again=is_repeated)

    def settle(self, envelope: Envelope) -> Envelope:
        """In the place of the step's own action, which does not start: fails the attempt, or has `catch` take the failure."""
        times = retries.times_of(self._plan.steps[envelope["step"]])
        if "died" not in envelope and envelope.get("attempt", 0) <= times:
            return envelope  # nothing has failed yet: the step's own action is to try it
        return self.enter(envelope)

    def _perform(self, envelope: Envelope, attempt: int, answer: Answer | None, again: bool, died: str | None) -> Envelope:
        step, at = envelope["step"], envelope.get("at", [])
        spec = self._plan.steps[step]
        try:
            self._leases.keep(envelope, spec["timeoutMs"])
        except Lost:
            return self._handover.stop(envelope)
        if again or died:
            kept = commits.attempt_after_failures(self._store, self._layout, step, task_id(at))
            if kept > attempt:
                attempt, died = kept, None  # what died had kept its failure before
        self._retry_time.begin(envelope, attempt)
        tried = self._lost(step, envelope, died)
        if tried is None and answer is None and "call" in spec and attempt <= retries.times_of(spec):
            outcome = self._step_calls.ask(envelope, spec["call"], attempt)
            if outcome.following is not None:
                return outcome.following
            answer, tried = outcome.answer, outcome.tried
        if tried is None and answer is not None:
            tried = self._step_calls.failed(answer)
        inputs = []
        if tried is None:
            inputs = self._inputs.of(envelope)
            failed = [record for record in inputs if not record["ok"]]
            if failed or not self._inputs.are_all(step, at, inputs):
                following = self._lanes.without(envelope, step, at, failed)
                if following is not None:
                    return following
                inputs = [record for record in inputs if record["ok"]]
            self._tasks.meanwhile = self._lanes.meanwhile(envelope)
            tried = self._tasks.step(envelope, inputs, attempt, answer)
        if tried.was_stopped:
            return self._handover.stop(envelope)  # the run is over
        record = commits.make_record(self._context, step, task_id(at), at, tried, commits.parents_of(inputs), attempt)
        if not tried.ok:
            following = self._repeat(envelope, record, tried, attempt)
            if following is not None:
                return following
        return self._commit(envelope, record, tried, inputs, again)

    def _lost(self, step: str, envelope: Envelope, died: str | None) -> Attempt | None:
        """The attempt of a task that needs no further trial: the run has no time left, or the step's activation failed."""
        if self._run_time.is_over(step):
            return self._tasks.not_tried(self._run_time.message, [TIMEOUT])
        if died and "poll" not in envelope:
            return self._tasks.not_tried(f"the step's activation failed: {died}", retries.kinds_of_death(died))
        return None

    def _repeat(self, envelope: Envelope, record: TaskRecord, tried: Attempt, attempt: int) -> Envelope | None:
        """The envelope of the next attempt, once the failed one is kept; None when there is none."""
        spec = self._plan.steps[record["step"]]
        if self._run_time.is_over(record["step"]):
            return None
        is_repeated = retries.is_repeated(spec, attempt, tried.kinds)
        pause = retries.pause_ms(spec, attempt, pathspec(record)) if is_repeated else 0
        following: int | None = attempt + 1
        if not is_repeated or not self._has_time(envelope, pause):
            following, pause = retries.fallback(spec, attempt), 0
            if self.stand_in:
                envelope["standIn"] = self.stand_in
        if following is None:
            return None
        record["retried"] = following
        commits.keep_failed(self._store, self._layout, record)
        commits.wait(commits.finish(self._store, record, tried))
        envelope.pop("poll", None)
        return self._handover.pause(envelope | {"attempt": following}, self._run_time.within(pause, record["step"]))

    def _has_time(self, envelope: Envelope, pause_ms: int) -> bool:
        """Whether one more attempt can begin within the time for all of them, after a pause."""
        left_ms = self._retry_time.left_ms(envelope)
        return left_ms is None or left_ms > pause_ms

    def _commit(
        self, envelope: Envelope, record: TaskRecord, tried: Attempt, inputs: list[TaskRecord], again: bool
    ) -> Envelope:
        facts = self._reuse.facts(record["step"], record["at"], inputs)
        if facts is not None:
            record["cache"] = facts
        record = commits.commit(self._store, self._layout, record)
        is_ours = commits.is_ours(record, self._context.by)
        if not is_ours and not again:
            return self._handover.stop(envelope)  # another session is on this path, and ahead
        # Who has taken a path over goes on with what the other has left: that one may have stopped for it.
        files = commits.finish(self._store, record, tried if is_ours else None)
        if is_ours:
            files += self._reuse.keep(record, inputs)
        return self._leave(envelope, record, files, again=not is_ours)

    def _leave(self, envelope: Envelope, record: TaskRecord, files: list[Future[Any]], again: bool) -> Envelope:
        """On from a committed task, whose `files` are being written."""
        self._inputs.know(record)
        envelope.pop("poll", None)
        envelope.pop("since", None)
        if again:
            envelope["again"] = True
        if record["ok"] and record["step"] != self._plan.end:
            following = self._follow(envelope, record)
            commits.wait(files)
            return following
        # Whoever sees the run's result finds all of it.
        commits.wait(files)
        return self._ending.succeed(envelope, record) if record["ok"] else self._fail(envelope, record)

    def _follow(self, envelope: Envelope, record: TaskRecord) -> Envelope:
        step, at = record["step"], record["at"]
        following = self._plan.steps[step]["next"]
        if "handled" in following:
            return self._ending.end_handled(envelope)
        if "open" in following:
            return self._lanes.open(envelope, following["open"], record)
        if "done" in following:
            return self._lanes.item_done(envelope, following["done"])
        assert "end" not in following  # `_leave` ends the run
        chosen = record["chose"] if "choose" in following else following["step"]
        pause = 0 if envelope.get("again") else self._plan.pause_ms(step, chosen)
        wait = self._run_time.within(pause, chosen) if pause else 0
        to, before = self._plan.coordinate(step, at, chosen), [step, *at]
        return self._handover.go_after(wait, envelope, chosen, at=to, before=before)

    def _fail(self, envelope: Envelope, record: TaskRecord) -> Envelope:
        failure = failure_of(record)
        if record["step"] in self._plan.handlers:
            return self._ending.end_handled(envelope, failure)
        if self._plan.timeout_ms is not None and record["error"] == self._run_time.message:
            return self._ending.fail(envelope, failure)  # of a foreach that collects failures, too
        return self._lanes.fail_at(envelope, record["step"], record["at"], failure)
