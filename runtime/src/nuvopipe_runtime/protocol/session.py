"""Walks the flow: takes an envelope, does what it names, answers the next one.

One call is one component of a conductor session: at most one task is executed, or the next few items of a batch. Entering the
same envelope again is always safe: what is committed is skipped, what is claimed and alive is left alone, a drained pool is
joined once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .calls.called_flows import CalledFlows
from .calls.step_calls import StepCalls
from .claims.leases import Leases
from .claims.live_entry import LiveEntry
from .pools.lanes import Lanes
from .related_runs.children import Children
from .related_runs.lineage import Lineage
from .related_runs.parent import Parent
from .runs.admission import Admission
from .runs.beginning import Beginning
from .runs.ending import Ending, failure_at
from .runs.recovery import Recovery
from .sessions.handover import Handover
from .sessions.watch import Watch
from .steps import Steps
from .tasks.cache import Cache
from .tasks.inputs import Inputs
from .tasks.reuse import Reuse
from .tasks.task_runner import TaskRunner
from .timing import answering
from .timing.retry_time import RetryTime
from .timing.run_time import RunTime

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..context import Context
    from ..contract.formats import Envelope
    from ..launcher import SessionLauncher
    from .container import Container

BATCH_RESERVE_S = 10
"""Kept of an activation's time, beside the step's own, when it takes one more item of a batch."""


class Session:
    """One activation's part of a conductor session."""

    def __init__(
        self, context: Context, container: Container, launcher: SessionLauncher, environment: dict[str, str], user: str
    ) -> None:
        self._context = context
        self._plan = context.plan
        self._layout = context.layout
        self._clock = context.clock
        self._deadline = context.deadline
        self._stop_check = container.stop_check
        self._durations = container.durations
        self._lineage = lineage = Lineage(context)
        self._run_time = run_time = RunTime(context, container.records)
        retry_time = RetryTime(context)
        live = LiveEntry(context)
        leases = Leases(context, live)
        self._handover = handover = Handover(context, launcher, lineage, leases, run_time)
        children, parent = Children(context, launcher, lineage), Parent(context, launcher, lineage)
        self._ending = ending = Ending(context, live, handover, children, parent)
        self._admission = Admission(context, launcher, handover, ending, run_time, container.records)
        inputs = Inputs(context, container.records)
        self._watch = Watch(context, handover, run_time)
        self._lanes = Lanes(context, container.pace, inputs, handover, ending, self._watch)
        self._reuse = Reuse(context, lineage, Cache(context, container), inputs)
        tasks = TaskRunner(context, container, lineage, inputs, environment, run_time, retry_time)
        flows = CalledFlows(context, launcher, lineage, inputs, tasks, handover, run_time, retry_time, children, parent)
        step_calls = StepCalls(context, tasks, handover, run_time, flows)
        walk = (lineage, leases, inputs, self._reuse, tasks, step_calls, self._lanes, handover, ending, run_time, retry_time)
        self._steps = Steps(context, *walk)
        self._beginning = Beginning(context, container, live, lineage, tasks, handover, ending, user)
        self._recovery = Recovery(context, launcher, live, lineage, handover, ending)

    def advance(self, envelope: Envelope) -> Envelope:
        """The next envelope; one without `block` ends the session and has its `result`."""
        self._lineage.follow(envelope.get("origin"))
        envelope = envelope | {"used": envelope.get("used", 0) + 1}
        self._stand_in = self._steps.stand_in = envelope.pop("standIn", None)
        if self._stand_in is None:
            self._reuse.begin(envelope)
        following = self._advance(envelope)
        return self._lineage.mark(following) if "block" in following else following

    def _advance(self, envelope: Envelope) -> Envelope:
        if envelope.get("cancel"):
            return self._recovery.cancel(envelope)
        if envelope.get("wake"):
            return self._ending.wake(envelope)
        if "params" in envelope:
            answer = self._beginning.begin(envelope)
            if answer is not None:
                return answer
            del envelope["params"]
        elif envelope.get("sweep"):
            # Whatever the stop check says: a run that has failed may have been lost on the way to its result.
            envelope = self._recovery.sweep(envelope)
            if "result" in envelope:
                return envelope
            if envelope.get("died"):
                return self._give_step_up(envelope)
            if not self._is_for_this_action(envelope, self._plan.start):
                return envelope
        elif envelope.get("step") not in self._plan.handlers and self._stop_check.stopped(self._context):
            return self._handover.stop(envelope)
        waits = self._only_waits(envelope)
        if waits is not None:
            return self._overdue(envelope) if self._run_time.is_over(envelope.get("step")) else waits(envelope)
        if envelope.get("claim"):
            # Of a lane that died here nobody knows which item it had claimed: its lease tells, once it has run out.
            envelope.pop("died", None)
            step = envelope["step"]
            envelope = self._lanes.claim(envelope)
            if "step" not in envelope or not self._is_for_this_action(envelope, step):
                return envelope  # nothing to do, or another action's to do
        if self._admission.is_due(envelope):
            answer = self._admission.admit(envelope)
            if answer is not None:
                return answer
        return self._walk(envelope)

    def _only_waits(self, envelope: Envelope) -> Callable[[Envelope], Envelope] | None:
        """What a session does that executes no step; None for one that does."""
        if envelope.get("guard") is not None:
            return self._watch.look
        if envelope.get("overdue"):
            return self._watch.wait_for_end
        return self._handover.hand_over if self._handover.has_to_wait(envelope) else None

    def _overdue(self, envelope: Envelope) -> Envelope:
        step, at = envelope.get("step"), envelope.get("at", [])
        return self._ending.fail(envelope, failure_at(self._layout, self._run_time.message, step, at))

    def _walk(self, envelope: Envelope) -> Envelope:
        """Does one step, and goes on in this activation where nothing is to be executed, or more of a batch."""
        if self._stand_in:
            return self._steps.settle(envelope)
        if not self._fits(envelope):
            answer = self._handover.free_client(envelope)
            if answer is not None:
                return answer
        following = self._steps.enter(envelope)
        items = 1
        while self._reuse.has_next(following) or self._has_room_for(following, envelope, items):
            items += following["at"] != envelope["at"]
            envelope, following = following, self._steps.enter(following)
        return following

    def _give_step_up(self, envelope: Envelope) -> Envelope:
        """Fails the first step that is not done: its action has had its chances."""
        died = envelope.pop("died")
        while "step" in envelope and self._reuse.record(envelope) is not None:
            envelope = self._steps.enter(envelope)
        return self._steps.enter(envelope | {"died": died}) if "step" in envelope else envelope

    def _fits(self, envelope: Envelope) -> bool:
        """Whether this session may do the step before its client has to be answered."""
        step = envelope["step"]
        known = self._durations.of(step, envelope["run"])
        return answering.fits(envelope, self._plan.steps[step]["timeoutMs"] / 1000, known, self._clock.now_ms())

    def _is_for_this_action(self, envelope: Envelope, step: str) -> bool:
        """Whether the action of `step` is that of the envelope's step, too; a stand-in is no step's own."""
        return not self._stand_in and self._plan.profile(envelope["step"]) == self._plan.profile(step)

    def _has_room_for(self, following: Envelope, envelope: Envelope, items: int) -> bool:
        """Whether this activation takes the next step of a batch, too: `items` of a foreach are being done in it already."""
        step = following.get("step")
        depth = None if step is None else self._plan.pool_depth(step)
        if step is None or depth is None or following.keys() & {"wait", "call", "claim", "answer"} or "result" in following:
            return False
        opener = self._plan.steps[step]["within"][depth]
        batch = self._plan.pools[opener].get("batch", 1)
        is_next_item = following["at"][: depth + 1] != envelope["at"][: depth + 1]
        if opener not in self._plan.steps[envelope["step"]]["within"] or items + is_next_item > batch or batch == 1:
            return False
        if not self._is_for_this_action(following, envelope["step"]) or self._stop_check.stopped(self._context):
            return False
        if not self._fits(following):
            return False
        needed_s = self._plan.steps[step]["timeoutMs"] / 1000 + BATCH_RESERVE_S
        return self._clock.now() + needed_s < self._deadline
