"""Sessions that watch instead of working.

The guard of a run stays when a pool is drained but not done; its envelope counts its looks. While a called action, which cannot
be interrupted, is awaited, another session ends the run when its time is over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...contract.openwhisk import SESSION_COMPONENTS_MAX
from ...contract.protocol import CONTINUE_FROM
from ...envelope import only, without
from ..claims.guard import MAX_PAUSE_MS, Guard

if TYPE_CHECKING:
    from ...context import Context
    from ...contract.formats import Envelope
    from ..timing.run_time import RunTime
    from .handover import Handover


class Watch:
    def __init__(self, context: Context, handover: Handover, run_time: RunTime) -> None:
        self._context = context
        self._plan = context.plan
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
        for rescue in guard.rescues():
            if not self._handover.launch(rescue):
                guard.resign()
                return rescue | {"used": envelope["used"]}  # the platform takes no other session: the guard does it itself
        if guard.dismiss():
            return self._handover.stop(envelope)
        following = self._following(envelope, envelope["guard"] + 1)
        if envelope["used"] < CONTINUE_FROM:
            return following
        if self._handover.launch(without(following, ("used",))):
            return self._handover.stop(envelope)
        if envelope["used"] + 2 > SESSION_COMPONENTS_MAX:
            guard.resign()
            return self._handover.stop(envelope)
        return following

    def _stop_home(self, envelope: Envelope) -> Envelope:
        answer = self._handover.stop(envelope)
        if answer["result"]["status"] == "running":
            guard = Guard(self._context)
            if guard.appoint() and not self._handover.launch(self._following({"run": envelope["run"]}, 0)):
                guard.resign()  # another lane may find room for one
        return answer

    def _following(self, envelope: Envelope, checks: int) -> Envelope:
        block = self._plan.block(self._plan.start)
        pause = self._run_time.within(Guard.pause_ms(checks))
        return only(envelope, ("run", "used")) | {"block": block, "guard": checks, "wait": pause}

    def wait_for_end(self, envelope: Envelope) -> Envelope:
        """Waits until the run's time is over, which fails it, or until the run has ended."""
        return envelope | {"wait": self._run_time.within(MAX_PAUSE_MS)}
