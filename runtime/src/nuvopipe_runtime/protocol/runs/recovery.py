"""Runs that are entered from outside: stalled runs that a sweep restarts, and runs that are cancelled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...contract.protocol import PARAMETERS_STEP, PARAMETERS_TASK
from ...plan import conductor_of, version_of
from ...store import create_once
from ..claims.guard import Guard
from ..related_runs.launches import invocation
from ..sessions.handover import ended
from ..timing.answering import answer_in_time
from ..values.parameters import is_run_name
from .beginning import RUN_SHOWN_MAX, refused

if TYPE_CHECKING:
    from ...context import Context
    from ...contract.formats import Envelope, LivePlace, RunRecord
    from ..claims.live_entry import LiveEntry
    from ..related_runs.launches import Launches
    from ..related_runs.lineage import Lineage
    from ..sessions import Sessions
    from .ending import Ending

SWEEPS_MAX = 2
"""How often a sequence is re-entered at one step: this is the only sign that one of its actions does not start."""


class Recovery:
    def __init__(
        self,
        context: Context,
        launches: Launches,
        live: LiveEntry,
        lineage: Lineage,
        sessions: Sessions,
        ending: Ending,
    ) -> None:
        self._context = context
        self._plan = context.plan
        self._store = context.store
        self._layout = context.layout
        self._clock = context.clock
        self._by = context.by
        self._launches = launches
        self._live = live
        self._lineage = lineage
        self._handover = sessions.handover
        self._ending = ending
        self._watch = sessions.watch

    def cancel(self, envelope: Envelope) -> Envelope:
        """Cancels the run: every lane interrupts its current step or stops before the next one."""
        run = envelope["run"]
        record: RunRecord | None = self._store.get_json(self._layout.run) if is_run_name(run) else None
        if record is None:
            return refused(run, f"there is no run {run[:RUN_SHOWN_MAX]} of {self._plan.flow}")
        result = self._store.get_json(self._layout.result)
        if result is not None:
            return ended(envelope, result)  # the run has already ended
        create_once(self._store, self._layout.cancelled, {"by": self._by, "at": self._clock.now_ms()})
        envelope = {**envelope, "home": True}
        answer_in_time(envelope, self._clock.now_ms())
        if record["bundle"] == self._plan.hash:
            return self._ending.end_cancelled(envelope)
        # The run's own version executes what follows its end.
        if self._plan.is_sequence:
            return self._handover.stop(envelope)  # a sweep will end the run
        if self._launches.is_refused_for_now:
            return envelope | {"wait": self._handover.pause_after_refusal_ms(self._clock.now_ms())}
        if self._launches.is_refused:
            return self._ending.fail_at_once(envelope, {"message": "the run was cancelled"})
        own = invocation(conductor_of(record["flow"], record["bundle"]), {"cancel": run})
        return self._launches.ask(envelope, [own], self._handover.stopping(envelope))

    def sweep(self, envelope: Envelope) -> Envelope:
        """Re-enters the lost parts of a run whose lease has expired. Returns the envelope with which this session continues."""
        if self._store.exists(self._layout.result):
            self._live.end()
            return self._ending.wake(envelope)
        record: RunRecord | None = self._store.get_json(self._layout.run)
        is_ours = record is None or record["bundle"] == self._plan.hash
        taken = self._live.take_over()
        if taken is None:
            return self._handover.stop(envelope)
        lease, place, sweeps = taken
        record = record or self._store.get_json(self._layout.run)
        if record is None:
            self._live.end()  # the run never began, and its parameters are lost
            return self._handover.stop(envelope)
        if "origin" in record:
            self._lineage.follow([record["origin"]["run"], *filter(None, [record["origin"].get("from")])])
        kept: Envelope = {"run": envelope["run"], "used": envelope["used"], "again": True, "lease": lease}
        if self._plan.is_sequence and sweeps >= SWEEPS_MAX:
            kept["died"] = f"it was entered {sweeps + 1} times, but none of its activations has begun the step"
        return self._enter_again(kept, place, record) if is_ours else self._end_of_version(kept, record)

    def _enter_again(self, envelope: Envelope, place: LivePlace, record: RunRecord) -> Envelope:
        if self._store.exists(self._layout.cancelled):
            return self._ending.end_cancelled(envelope)
        failure = self._store.get_json(self._layout.failed)
        if failure is not None and self._plan.on_failure is not None:
            return self._ending.follow_failure(envelope)
        if failure is not None:
            return self._ending.fail_at_once(envelope, failure)
        if not self._store.exists(self._layout.commit(PARAMETERS_STEP, PARAMETERS_TASK)):
            lost = "the run was lost before its parameters were kept: start it again"
            return self._give_up(envelope, record.get("refused", lost))
        guard = Guard(self._context)
        rescue = next(guard.rescues(), None)
        if rescue is not None:
            return self._watch.launch_rescue(envelope, rescue)
        if guard.is_needed():
            return self._handover.stop(envelope)  # lanes are working
        return self._handover.go({**envelope, **place}, place["step"], before=place.get("from"))

    def _end_of_version(self, envelope: Envelope, record: RunRecord) -> Envelope:
        """Ends a run whose version is no longer deployed: it cannot continue."""
        flow, run, version = record["flow"], record["run"], version_of(record["bundle"])
        why = f"the run was lost, and {flow} is deployed with another version than its own, {version}"
        return self._give_up(envelope, f"{why}: resume it with nuvopipe resume {flow}/{run}")

    def _give_up(self, envelope: Envelope, message: str) -> Envelope:
        self._ending.keep_failure({"message": message})
        return self._ending.fail_at_once(envelope, self._store.get_json(self._layout.failed))
