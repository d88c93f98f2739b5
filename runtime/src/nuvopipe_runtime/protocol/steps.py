"""One step of a session: executes its task, or finds it committed, and determines what follows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..plan import task_id
from ..store import Lost
from .related_runs.lineage import pathspec
from .step_attempts import StepAttempts, Trial
from .tasks import commit as commits
from .tasks import retries
from .values.conductor_values import answer_of_action

if TYPE_CHECKING:
    from ..context import Context
    from ..contract.formats import Envelope, TaskRecord
    from ..execution.attempt import Attempt
    from .claims.leases import Leases
    from .following import Following
    from .related_runs.lineage import Lineage
    from .sessions.handover import Handover
    from .tasks.reuse import Reuse
    from .timing import TimeLimits
    from .values.conductor_values import Answer


class Steps:
    def __init__(
        self,
        context: Context,
        leases: Leases,
        lineage: Lineage,
        reuse: Reuse,
        attempts: StepAttempts,
        following: Following,
        handover: Handover,
        limits: TimeLimits,
    ) -> None:
        self._context = context
        self._plan = context.plan
        self._store = context.store
        self._layout = context.layout
        self._leases = leases
        self._lineage = lineage
        self._reuse = reuse
        self._attempts = attempts
        self._following = following
        self._handover = handover
        self._run_time = limits.run
        self._retry_time = limits.retries
        self.stand_in: int | None = None
        """Number of the stand-in, if this action is one: it replaces an action that does not start. No user code runs."""

    def enter(self, envelope: Envelope) -> Envelope:
        """Returns the envelope that follows. Committed tasks are not executed again."""
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
            return self._handover.stop(envelope)  # another session is ahead on this path
        files = commits.finish(self._store, record)
        return self._following.leave(envelope, record, files, again=is_repeated)

    def settle(self, envelope: Envelope) -> Envelope:
        """Used by stand-ins when the step's own action does not start: fails the attempt, or lets `catch` handle it."""
        times = retries.times_of(self._plan.steps[envelope["step"]])
        if "died" not in envelope and envelope.get("attempt", 0) <= times:
            return envelope  # nothing has failed yet, so the step's own action tries first
        return self.enter(envelope)

    def _perform(self, envelope: Envelope, attempt: int, answer: Answer | None, again: bool, died: str | None) -> Envelope:
        step, at = envelope["step"], envelope.get("at", [])
        try:
            self._leases.keep(envelope, self._plan.steps[step]["timeoutMs"])
        except Lost:
            return self._handover.stop(envelope)
        if again or died:
            kept = commits.attempt_after_failures(self._store, self._layout, step, task_id(at))
            if kept > attempt:
                attempt, died = kept, None  # the activation had recorded its failure before it died
        self._retry_time.begin(envelope, attempt)
        trial = self._attempts.make(envelope, attempt, answer, died)
        if not isinstance(trial, Trial):
            return trial
        tried, inputs = trial.attempt, trial.inputs
        if tried.was_stopped:
            return self._handover.stop(envelope)  # the run is over
        record = commits.make_record(self._context, step, task_id(at), at, tried, commits.parents_of(inputs), attempt)
        following = None if tried.ok else self._repeat(envelope, record, tried, attempt)
        return self._commit(envelope, record, tried, inputs, again) if following is None else following

    def _repeat(self, envelope: Envelope, record: TaskRecord, tried: Attempt, attempt: int) -> Envelope | None:
        """Records the failed attempt; returns the envelope of the next one, or None if there is none."""
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
        """Whether another attempt can begin, after a pause, within the time limit of all attempts."""
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
            return self._handover.stop(envelope)  # another session is ahead on this path
        # A session that took a path over continues with the other session's record, since that session may have stopped.
        files = commits.finish(self._store, record, tried if is_ours else None)
        if is_ours:
            files += self._reuse.keep(record, inputs)
        return self._following.leave(envelope, record, files, again=not is_ours)
