"""Sessions that watch instead of working.

The guard of a run stays when a pool is drained but not done; its envelope counts its looks. A called action cannot be
interrupted, so while one session waits for it, another one ends the run when its time is over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...contract.openwhisk import SESSION_COMPONENTS_MAX
from ...contract.protocol import CONTINUE_FROM
from ...envelope import only, without
from ...store import create_once
from ..claims.guard import MAX_PAUSE_MS, Guard
from ..related_runs.launches import own_session

if TYPE_CHECKING:
    from ...context import Context
    from ...contract.formats import Envelope
    from ..related_runs.launches import Launches
    from ..timing.run_time import RunTime
    from .handover import Handover


class Watch:
    def __init__(self, context: Context, launches: Launches, handover: Handover, run_time: RunTime) -> None:
        self._context = context
        self._plan = context.plan
        self._store = context.store
        self._layout = context.layout
        self._launches = launches
        self._handover = handover
        self._run_time = run_time

    def leave(self, envelope: Envelope) -> Envelope:
        """Ends a lane without work. Other lanes still hold an item or the join, so the first lane becomes the guard."""
        if envelope.get("home"):
            return self._stop_home(envelope)
        if Guard(self._context).appoint():
            return self._following(envelope, 0)
        return self._handover.stop(envelope)

    def look(self, envelope: Envelope) -> Envelope:
        """One look of the guard: it takes over expired claims and starts a session for each."""
        guard = Guard(self._context)
        if CONTINUE_FROM <= envelope["used"] < SESSION_COMPONENTS_MAX and not self._launches.is_refused:
            return self._launches.ask(envelope, [own_session(without(envelope, ("used",)))], self._handover.stopping(envelope))
        rescue = next(guard.rescues(), None)
        if rescue is not None:
            # If refused, the guard does the work itself, because no other session can.
            alone = rescue | {"used": envelope["used"], "resigns": True}
            return self._launches.ask(alone, [own_session(rescue)], self._once_begun(envelope, rescue))
        if guard.dismiss():
            return self._handover.stop(envelope)
        if envelope["used"] + 2 > SESSION_COMPONENTS_MAX:
            guard.resign()
            return self._handover.stop(envelope)
        return self._following(envelope, envelope["guard"] + 1)

    def rescue(self, envelope: Envelope) -> Envelope:
        """Has all lost sessions re-entered, one after another; then this session ends."""
        rescue = next(Guard(self._context).rescues(), None)
        if rescue is None:
            return self._handover.stop(envelope)
        return self.launch_rescue(envelope, rescue)

    def launch_rescue(self, envelope: Envelope, rescue: Envelope) -> Envelope:
        """Has one lost session re-entered, then looks for more. If refused, this session does the work itself."""
        more = only(envelope, ("run", "used")) | {"block": self._plan.block(self._plan.start), "rescues": True}
        return self._launches.ask(rescue | {"used": envelope["used"]}, [own_session(rescue)], self._once_begun(more, rescue))

    @staticmethod
    def _once_begun(envelope: Envelope, rescue: Envelope) -> Envelope:
        """The envelope of the look after a rescue. It waits until a launched lane has claimed its item."""
        return envelope | {"wait": Guard.pause_ms(0)} if rescue.get("claim") else envelope

    def resign(self, envelope: Envelope) -> None:
        """Makes room for another guard, because this one could not be launched or works on what it has found."""
        Guard(self._context).resign()
        del envelope["resigns"]

    def _stop_home(self, envelope: Envelope) -> Envelope:
        answer = self._handover.stop(envelope)
        if answer["result"]["status"] != "running" or not Guard(self._context).appoint():
            return answer
        guard = self._following({"run": envelope["run"]}, 0)
        resigning: Envelope = {"run": envelope["run"], "used": envelope["used"], "block": guard["block"], "resigns": True}
        return self._launches.ask(resigning, [own_session(guard)], answer)

    def _following(self, envelope: Envelope, checks: int) -> Envelope:
        block = self._plan.block(self._plan.start)
        pause = self._run_time.within(Guard.pause_ms(checks))
        return only(envelope, ("run", "used")) | {"block": block, "guard": checks, "wait": pause}

    def wait_for_end(self, envelope: Envelope) -> Envelope:
        """Waits until the run has ended, or fails it when its time is over. Only one session of a run does so."""
        if envelope["overdue"] == 0 and not create_once(self._store, self._layout.overdue, {}):
            return self._handover.stop(envelope)
        return envelope | {"overdue": envelope["overdue"] + 1, "wait": self._run_time.within(MAX_PAUSE_MS)}
