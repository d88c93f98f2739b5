"""How a run ends: with what its end step answers, with its first failure, or cancelled."""

from ..plan import task_id
from ..store import create_once
from . import commit as commits
from .handover import ended
from .lineage import pathspec

KEPT_BY_HANDLERS = ("run", "used", "home", "answerWithin", "answerBy", "again")
"""Of the envelope in which a run failed, what the steps that follow the failure go on with."""


def failure_of(record):
    return {"message": record["error"], "step": record["step"], "task": pathspec(record)}


def failure_at(layout, message, step=None, at=()):
    """A failure that no record tells of; without `step` it is the whole run's."""
    place = {} if step is None else {"step": step, "task": "/".join((layout.flow, layout.run_id, step, task_id(at)))}
    return {"message": message, **place}


class Ending:
    def __init__(self, context, live, handover):
        self._plan = context.plan
        self._store = context.store
        self._layout = context.layout
        self._live = live
        self._handover = handover

    def succeed(self, envelope, record):
        """After the end step: its record has the run's outputs."""
        kept = {key: record[key] for key in ("outputs", "exact") if key in record}
        result = {"run": envelope["run"], "status": "succeeded", "outputs": {}, **kept}
        self._end(result)
        return ended(envelope, result)

    def fail(self, envelope, failure):
        """Of the failures of a run the first is its own, and what `onFailure` names follows that one."""
        is_ours = self.keep_failure(failure)
        if self._plan.on_failure is None:
            return self.fail_at_once(envelope, failure)
        return self.follow_failure(envelope) if is_ours else self._handover.stop(envelope)

    def keep_failure(self, failure):
        """True when it is the run's first. Every lane stops at its next step."""
        return create_once(self._store, self._layout.failed, failure)

    def fail_at_once(self, envelope, failure, more=None):
        """Without what `onFailure` names: that has been done, or cannot be."""
        result = {"run": envelope["run"], "status": "failed", "error": failure, **(more or {})}
        if self._store.exists(self._layout.cancelled):
            result = {key: value for key, value in result.items() if key != "error"} | {"status": "cancelled"}
        self._end(result)
        return ended(envelope, self._store.get_json(self._layout.result) if more else result)

    def follow_failure(self, envelope):
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
        self.keep_failure(failure)
        return self.follow_failure(envelope)

    def _end(self, result):
        """The run is over: all of it can be read, its result is there, and then it is no live one any more."""
        commits.finish_missing(self._store, self._layout)
        create_once(self._store, self._layout.result, result)
        self._live.end()
