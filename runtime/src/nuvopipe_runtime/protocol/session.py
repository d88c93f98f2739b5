"""Walks the flow: takes an envelope, does its work, and returns the next one.

One call is one component of a conductor session. It executes at most one task, or the next few items of a batch. Entering the
same envelope again is always safe: committed tasks are skipped, live claims are respected, a drained pool is joined once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..sealing import Unreadable
from .pools.growth import Growth
from .runs.ending import failure_at
from .sessions.handover import ended

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..context import Context
    from ..contract.formats import Envelope
    from .container.stop_check import StopCheck
    from .pools.lanes import Lanes
    from .related_runs.launches import Launches
    from .related_runs.lineage import Lineage
    from .runs import Runs
    from .sessions import Sessions
    from .timing.run_time import RunTime
    from .walk import Walk


class Session:
    """One activation's part of a conductor session; `wiring.py` makes it."""

    def __init__(
        self,
        context: Context,
        stop_check: StopCheck,
        lineage: Lineage,
        run_time: RunTime,
        runs: Runs,
        sessions: Sessions,
        launches: Launches,
        lanes: Lanes,
        walk: Walk,
    ) -> None:
        self._context = context
        self._plan = context.plan
        self._layout = context.layout
        self._stop_check = stop_check
        self._lineage = lineage
        self._run_time = run_time
        self._runs = runs
        self._sessions = sessions
        self._launches = launches
        self._lanes = lanes
        self._walk = walk

    def advance(self, envelope: Envelope) -> Envelope:
        """Returns the next envelope. An envelope without `block` ends the session and holds its `result`."""
        self._lineage.follow(envelope.get("origin"))
        envelope = envelope | {"used": envelope.get("used", 0) + 1}
        self._walk.begin(envelope)
        self._launches.begin(envelope)
        Growth.settle(envelope, self._launches, self._context.clock.now_ms())
        try:
            following = self._lanes.grow(self._advance(envelope))
        except Unreadable as error:
            following = self._runs.ending.fail_unreadable(envelope, f"the run cannot continue: {error}")
        return self._launches.finish(self._lineage.mark(following) if "block" in following else following)

    def _advance(self, envelope: Envelope) -> Envelope:
        if envelope.get("cancel"):
            return self._runs.recovery.cancel(envelope)
        if envelope.get("wake"):
            return self._runs.ending.wake(envelope)
        if envelope.get("awaits"):
            return self._sessions.handover.stop(envelope)
        if envelope.get("resigns"):
            self._sessions.watch.resign(envelope)
            if "step" not in envelope:
                return ended(envelope, {"run": envelope["run"], "status": "running"})
        if "params" in envelope:
            answer = self._runs.beginning.begin(envelope)
            if answer is not None:
                return answer
            del envelope["params"]
        elif envelope.get("sweep"):
            # Even if the stop check says that the run is over: it may have stalled before its result was written.
            envelope = self._runs.recovery.sweep(envelope)
            if "result" in envelope or "launch" in envelope:
                return envelope
            if envelope.get("died"):
                return self._walk.give_step_up(envelope)
            if not self._walk.is_for_this_action(envelope, self._plan.start):
                return envelope
        elif envelope.get("step") not in self._plan.handlers and self._stop_check.stopped(self._context):
            return self._sessions.handover.stop(envelope)
        if envelope.get("rescues"):
            return self._sessions.watch.rescue(envelope)
        self._sessions.handover.was_refused(envelope)
        waits = self._only_waits(envelope)
        if waits is not None:
            return self._overdue(envelope) if self._run_time.is_over(envelope.get("step")) else waits(envelope)
        if envelope.get("claim"):
            # Nobody knows which item the lane that died here had claimed; the claim's lease will expire.
            envelope.pop("died", None)
            step = envelope["step"]
            envelope = self._lanes.claim(envelope)
            if "step" not in envelope or "launch" in envelope or not self._walk.is_for_this_action(envelope, step):
                return envelope  # nothing to do, lanes to launch first, or work for another action
        if self._runs.admission.is_due(envelope):
            answer = self._runs.admission.admit(envelope)
            if answer is not None:
                return answer
        return self._walk.go(envelope)

    def _only_waits(self, envelope: Envelope) -> Callable[[Envelope], Envelope] | None:
        """Does the work of a session that executes no step; None for a session that executes one."""
        if envelope.get("guard") is not None:
            return self._sessions.watch.look
        if envelope.get("overdue") is not None:
            return self._sessions.watch.wait_for_end
        return self._sessions.handover.hand_over if self._sessions.handover.has_to_wait(envelope) else None

    def _overdue(self, envelope: Envelope) -> Envelope:
        step, at = envelope.get("step"), envelope.get("at", [])
        return self._runs.ending.fail(envelope, failure_at(self._layout, self._run_time.message, step, at))
