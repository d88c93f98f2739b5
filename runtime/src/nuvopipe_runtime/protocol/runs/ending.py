"""Ends a run: with the outputs of its end step, with its first failure, or as cancelled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...contract.openwhisk import SESSION_COMPONENTS_MAX
from ...contract.protocol import PARAMETERS_STEP, PARAMETERS_TASK
from ...envelope import only
from ...plan import task_id
from ...store import create_once
from ..related_runs.lineage import pathspec
from ..sessions.handover import ended
from ..tasks import commit as commits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...context import Context
    from ...contract.formats import Envelope, HandlersResult, ParentRecord, RunFailure, RunResult, TaskRecord
    from ...contract.layout import RunLayout
    from ..claims.live_entry import LiveEntry
    from ..related_runs import RelatedRuns
    from ..related_runs.launches import Launches
    from ..sessions.handover import Handover

KEPT_BY_HANDLERS = ("run", "used", "home", "answerWithin", "answerBy", "again")
"""Keys of the failed envelope that the steps of `onFailure` continue with."""


def failure_of(record: TaskRecord) -> RunFailure:
    return {"message": record["error"], "step": record["step"], "task": pathspec(record)}


def failure_at(layout: RunLayout, message: str, step: str | None = None, at: Sequence[int] = ()) -> RunFailure:
    """The failure of an attempt without a record, or of the whole run if `step` is missing."""
    if step is None:
        return {"message": message}
    return {"message": message, "step": step, "task": "/".join((layout.flow, layout.run_id, step, task_id(at)))}


class Ending:
    def __init__(
        self, context: Context, launches: Launches, live: LiveEntry, handover: Handover, related_runs: RelatedRuns
    ) -> None:
        self._plan = context.plan
        self._store = context.store
        self._layout = context.layout
        self._launches = launches
        self._live = live
        self._clock = context.clock
        self._handover = handover
        self._children = related_runs.children
        self._parent = related_runs.parent

    def succeed(self, envelope: Envelope, record: TaskRecord) -> Envelope:
        """Ends the run after its end step, whose record has the run's outputs."""
        result: RunResult = {"run": envelope["run"], "status": "succeeded", "outputs": record.get("outputs", {})}
        if "exact" in record:
            result["exact"] = record["exact"]
        return self._end(envelope, result)

    def fail(self, envelope: Envelope, failure: RunFailure) -> Envelope:
        """Fails the run. Only its first failure is recorded as the run's and followed by `onFailure`."""
        is_ours = self.keep_failure(failure)
        if self._plan.on_failure is None:
            return self.fail_at_once(envelope, failure)
        if is_ours:
            self._children.cancel_all(but=self._plan.handlers)
        return self.follow_failure(envelope) if is_ours else self._handover.stop(envelope)

    def keep_failure(self, failure: RunFailure) -> bool:
        """Records a failure, which makes every lane stop at its next step. True if it is the run's first."""
        return create_once(self._store, self._layout.failed, failure)

    def fail_at_once(self, envelope: Envelope, failure: RunFailure, handled: HandlersResult | None = None) -> Envelope:
        """Ends the run without the steps of `onFailure`: they have ended, with the outcome `handled`, or there are none."""
        result: RunResult = {"run": envelope["run"], "status": "failed", "error": failure}
        if handled is not None:
            result["onFailure"] = handled
        if self._store.exists(self._layout.cancelled):
            result["status"] = "cancelled"
            del result["error"]
        self._children.cancel_all()
        return self._end(envelope, result, reads_result=handled is not None)

    def fail_unreadable(self, envelope: Envelope, message: str) -> Envelope:
        """Fails a run whose secrets cannot be read. No task can be executed, so those of `onFailure` fail as well."""
        failure: RunFailure = {"message": message}
        self.keep_failure(failure)
        first = self._store.get_json(self._layout.failed)
        return self.fail_at_once(envelope, first, None if self._plan.on_failure is None else failure)

    def follow_failure(self, envelope: Envelope) -> Envelope:
        if not self._store.exists(self._layout.commit(PARAMETERS_STEP, PARAMETERS_TASK)):
            # The run had just begun, so the steps of `onFailure` would have nothing to read.
            return self.fail_at_once(envelope, self._store.get_json(self._layout.failed))
        assert self._plan.on_failure is not None
        return self._handover.go(only(envelope, KEPT_BY_HANDLERS), self._plan.on_failure, at=[])

    def end_handled(self, envelope: Envelope, error: RunFailure | None = None) -> Envelope:
        """Ends the run after the steps of `onFailure`; `error` is the failure of those steps."""
        failure = self._store.get_json(self._layout.failed)
        return self.fail_at_once(envelope, failure, error or {"status": "succeeded"})

    def end_cancelled(self, envelope: Envelope) -> Envelope:
        failure: RunFailure = {"message": "the run was cancelled"}
        if self._plan.on_failure is None:
            return self.fail_at_once(envelope, failure)
        self._children.cancel_all(but=self._plan.handlers)
        self.keep_failure(failure)
        return self.follow_failure(envelope)

    def skip(self, envelope: Envelope, note: str) -> Envelope:
        """Ends a run that is not executed because others are executing."""
        return self._end(envelope, {"run": envelope["run"], "status": "cancelled", "note": note})

    def _end(self, envelope: Envelope, result: RunResult, reads_result: bool = False) -> Envelope:
        """Ends the run: writes missing files, then the result, then deletes the live entry.

        Returns the session's last answer. `reads_result`: another session may have written the result, so it is read.
        """
        commits.finish_missing(self._store, self._layout)
        create_once(self._store, self._layout.result, result)
        _, waiting = self._store.parallel([(self._live.end,), (self._parent.waiting,)])
        last = ended(envelope, self._store.get_json(self._layout.result) if reads_result else result)
        return self._wake(envelope, waiting, last)

    def wake(self, envelope: Envelope) -> Envelope:
        """Retries starting the parent that waits for this run, which is over. If refused, a sweep restarts the parent."""
        waiting, result = self._store.parallel([(self._parent.waiting,), (self._store.get_json, self._layout.result)])
        last = ended(envelope, result)
        if not self._launches.is_refused:
            return self._wake(envelope, waiting, last)
        if not self._launches.is_refused_for_now or envelope["used"] + 2 > SESSION_COMPONENTS_MAX:
            return last
        since = envelope.get("waits") or self._clock.now_ms()
        return self._waking(envelope) | {"waits": since, "wait": self._handover.pause_after_refusal_ms(since)}

    def _wake(self, envelope: Envelope, waiting: ParentRecord | None, last: Envelope) -> Envelope:
        session = None if waiting is None or self._plan.is_sequence else self._parent.session(waiting)
        if session is None:
            return last
        has_time = envelope["used"] < SESSION_COMPONENTS_MAX
        return self._launches.ask(self._waking(envelope) if has_time else last, [session], last)

    def _waking(self, envelope: Envelope) -> Envelope:
        block = self._plan.block(self._plan.start)
        return only(envelope, ("run", "used", "waits")) | {"block": block, "wake": True}
