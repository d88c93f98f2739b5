"""How a run ends: with what its end step answers, with its first failure, or cancelled."""

from ...contract.openwhisk import SESSION_COMPONENTS_MAX
from ...contract.protocol import PARAMETERS_STEP, PARAMETERS_TASK
from ...plan import task_id
from ...store import create_once
from ..related_runs.lineage import pathspec
from ..sessions.handover import ended
from ..tasks import commit as commits

KEPT_BY_HANDLERS = ("run", "used", "home", "answerWithin", "answerBy", "again")
"""Of the envelope in which a run failed, what the steps that follow the failure go on with."""


def failure_of(record):
    return {"message": record["error"], "step": record["step"], "task": pathspec(record)}


def failure_at(layout, message, step=None, at=()):
    """A failure that no record tells of; without `step` it is the whole run's."""
    place = {} if step is None else {"step": step, "task": "/".join((layout.flow, layout.run_id, step, task_id(at)))}
    return {"message": message, **place}


class Ending:
    def __init__(self, context, live, handover, children, parent):
        self._plan = context.plan
        self._store = context.store
        self._layout = context.layout
        self._live = live
        self._clock = context.clock
        self._handover = handover
        self._children = children
        self._parent = parent

    def succeed(self, envelope, record):
        """After the end step: its record has the run's outputs."""
        kept = {key: record[key] for key in ("outputs", "exact") if key in record}
        result = {"run": envelope["run"], "status": "succeeded", "outputs": {}, **kept}
        return self._end(envelope, result)

    def fail(self, envelope, failure):
        """Of the failures of a run the first is its own, and what `onFailure` names follows that one."""
        is_ours = self.keep_failure(failure)
        if self._plan.on_failure is None:
            return self.fail_at_once(envelope, failure)
        if is_ours:
            self._children.cancel_all(but=self._plan.handlers)
        return self.follow_failure(envelope) if is_ours else self._handover.stop(envelope)

    def keep_failure(self, failure):
        """True when it is the run's first. Every lane stops at its next step."""
        return create_once(self._store, self._layout.failed, failure)

    def fail_at_once(self, envelope, failure, more=None):
        """Without what `onFailure` names: that has been done, or cannot be."""
        result = {"run": envelope["run"], "status": "failed", "error": failure, **(more or {})}
        if self._store.exists(self._layout.cancelled):
            result = {key: value for key, value in result.items() if key != "error"} | {"status": "cancelled"}
        self._children.cancel_all()
        return self._end(envelope, result, reads_result=more is not None)

    def follow_failure(self, envelope):
        if not self._store.exists(self._layout.commit(PARAMETERS_STEP, PARAMETERS_TASK)):
            # The run had only just begun: there is nothing that they could read.
            return self.fail_at_once(envelope, self._store.get_json(self._layout.failed))
        kept = {key: envelope[key] for key in KEPT_BY_HANDLERS if key in envelope}
        return self._handover.go(dict(kept, at=[]), self._plan.on_failure)

    def end_handled(self, envelope, error=None):
        """After what `onFailure` names; `error` is its own."""
        failure = self._store.get_json(self._layout.failed)
        return self.fail_at_once(envelope, failure, {"onFailure": error or {"status": "succeeded"}})

    def end_cancelled(self, envelope):
        failure = {"message": "the run was cancelled"}
        if self._plan.on_failure is None:
            return self.fail_at_once(envelope, failure)
        self._children.cancel_all(but=self._plan.handlers)
        self.keep_failure(failure)
        return self.follow_failure(envelope)

    def skip(self, envelope, note):
        """Ends a run that is not to execute, since others do."""
        return self._end(envelope, {"run": envelope["run"], "status": "cancelled", "note": note})

    def _end(self, envelope, result, reads_result=False):
        """The run is over: all of it can be read, its result is there, and then it is no live one any more.

        Answers the session's end, with what the store has as the result if that may be another session's.
        """
        commits.finish_missing(self._store, self._layout)
        create_once(self._store, self._layout.result, result)
        _, waiting = self._store.parallel([(self._live.end,), (self._parent.waiting,)])
        if waiting is not None and not self._parent.wake(waiting):
            return self._wake_later(envelope, result)
        return ended(envelope, self._store.get_json(self._layout.result) if reads_result else result)

    def wake(self, envelope):
        """Once more, after a pause: the run that waits for this one, which is over."""
        waiting, result = self._store.parallel([(self._parent.waiting,), (self._store.get_json, self._layout.result)])
        if waiting is not None and not self._parent.wake(waiting):
            return self._wake_later(envelope, result)
        return ended(envelope, result)

    def _wake_later(self, envelope, result):
        if self._plan.is_sequence or envelope["used"] + 2 > SESSION_COMPONENTS_MAX:
            return ended(envelope, result)
        since = envelope.get("waits") or self._clock.now_ms()
        kept = {key: envelope[key] for key in ("run", "used") if key in envelope}
        pause = self._handover.pause_after_refusal_ms(since)
        return {**kept, "block": self._plan.block(self._plan.start), "wake": True, "waits": since, "wait": pause}
