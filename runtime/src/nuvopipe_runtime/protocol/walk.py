"""The steps of one activation: one, and more if they need not be executed or belong to its batch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .timing import answering

if TYPE_CHECKING:
    from ..context import Context
    from ..contract.formats import Envelope
    from .container import Container
    from .sessions.handover import Handover
    from .steps import Steps
    from .tasks.reuse import Reuse

BATCH_RESERVE_S = 10
"""Time reserved, besides the step's own, when an activation takes another item of a batch."""


class Walk:
    def __init__(self, context: Context, container: Container, steps: Steps, reuse: Reuse, handover: Handover) -> None:
        self._context = context
        self._plan = context.plan
        self._clock = context.clock
        self._deadline = context.deadline
        self._stop_check = container.stop_check
        self._durations = container.durations
        self._steps = steps
        self._reuse = reuse
        self._handover = handover

    def begin(self, envelope: Envelope) -> None:
        """Prepares for the activation's envelope, and removes `standIn` from it."""
        self._steps.stand_in = envelope.pop("standIn", None)
        if self._steps.stand_in is None:
            self._reuse.begin(envelope)

    def go(self, envelope: Envelope) -> Envelope:
        """Does one step, and continues while the next one need not be executed or belongs to the batch."""
        if self._steps.stand_in:
            return self._steps.settle(envelope)
        if not self._fits(envelope):
            answer = self._handover.free_client(envelope)
            if answer is not None:
                return answer
        following = self._steps.enter(envelope)
        items = 1
        while "launch" not in following and (self._reuse.has_next(following) or self._has_room_for(following, envelope, items)):
            items += following["at"] != envelope["at"]
            envelope, following = following, self._steps.enter(following)
        return following

    def give_step_up(self, envelope: Envelope) -> Envelope:
        """Fails the first step that is not done, because its action has failed too often."""
        died = envelope.pop("died")
        while "step" in envelope and "launch" not in envelope and self._reuse.record(envelope) is not None:
            envelope = self._steps.enter(envelope)
        return self._steps.enter(envelope | {"died": died}) if "step" in envelope else envelope

    def _fits(self, envelope: Envelope) -> bool:
        """Whether the step fits into the time in which the client must be answered."""
        step = envelope["step"]
        known = self._durations.of(step, envelope["run"])
        return answering.fits(envelope, self._plan.steps[step]["timeoutMs"] / 1000, known, self._clock.now_ms())

    def is_for_this_action(self, envelope: Envelope, step: str) -> bool:
        """Whether `step` and the envelope's step have the same action. A stand-in is the action of neither."""
        return not self._steps.stand_in and self._plan.profile(envelope["step"]) == self._plan.profile(step)

    def _has_room_for(self, following: Envelope, envelope: Envelope, items: int) -> bool:
        """Whether this activation takes another step of a batch, after it has done `items` items."""
        step = following.get("step")
        depth = None if step is None else self._plan.pool_depth(step)
        if step is None or depth is None or following.keys() & {"wait", "call", "claim", "answer"} or "result" in following:
            return False
        opener = self._plan.steps[step]["within"][depth]
        batch = self._plan.pools[opener].get("batch", 1)
        is_next_item = following["at"][: depth + 1] != envelope["at"][: depth + 1]
        if opener not in self._plan.steps[envelope["step"]]["within"] or items + is_next_item > batch or batch == 1:
            return False
        if not self.is_for_this_action(following, envelope["step"]) or self._stop_check.stopped(self._context):
            return False
        if not self._fits(following):
            return False
        needed_s = self._plan.steps[step]["timeoutMs"] / 1000 + BATCH_RESERVE_S
        return self._clock.now() + needed_s < self._deadline
