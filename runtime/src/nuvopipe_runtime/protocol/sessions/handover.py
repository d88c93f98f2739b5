"""Moves a session from one component to the next, and hands over to a fresh session before its components run out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...contract.protocol import CONTINUE_FROM, LAST_STEP_AT, PAUSE_MAX_MS
from ...envelope import only, without
from ...store import Lost, to_json
from ..related_runs.launches import own_session
from ..timing.answering import outlasts
from ..timing.pauses import pauses
from ..values.conductor_values import answer_of

if TYPE_CHECKING:
    from ...context import Context
    from ...contract.formats import Envelope, RunResult, TaskPlace
    from ..claims.leases import Leases
    from ..related_runs.launches import Launches
    from ..timing.run_time import RunTime

THROTTLE_WINDOW_MS = 60_000
"""OpenWhisk counts invocations by the clock minute."""

CROWDED_FIRST_MS, CROWDED_MAX_MS = 500, 15_000
"""Shortest and longest pause when too many activations run at once. Each pause is about as long as all before it."""

SESSION_PAUSE_MAX_MS = 40 * PAUSE_MAX_MS
"""Longest time a fresh session can wait before its components run out."""

KEPT_BY_HOME = ("run", "used", "home", "answerBy")
"""Keys that are kept in the envelope of a session that only waits for its run's result."""

RESULT_RESERVE_S = 1.0
POLL_FIRST_S, POLL_MAX_S, POLL_GROWTH = 0.02, 0.5, 1.5


def ended(envelope: Envelope, result: RunResult) -> Envelope:
    """The answer of a session that is over."""
    return {"run": envelope["run"], "used": envelope.get("used", 0), "result": answer_of(result)}


def until_next_window_ms(now_ms: int) -> int:
    """Time until shortly after the next minute. It varies, so that waiting sessions do not all ask at the same instant."""
    return THROTTLE_WINDOW_MS - now_ms % THROTTLE_WINDOW_MS + now_ms % 2_000


def pause_after_refusal_ms(is_crowded: bool, since_ms: int, now_ms: int) -> int:
    """Pause before asking the platform again. `since_ms`: when it first refused."""
    if not is_crowded:
        return until_next_window_ms(now_ms)
    return min(CROWDED_FIRST_MS + now_ms - since_ms, CROWDED_MAX_MS) + now_ms % CROWDED_FIRST_MS


class Handover:
    def __init__(self, context: Context, launches: Launches, leases: Leases, run_time: RunTime) -> None:
        self._plan = context.plan
        self._store = context.store
        self._layout = context.layout
        self._clock = context.clock
        self._deadline = context.deadline
        self._launches = launches
        self._leases = leases
        self._run_time = run_time

    def go(self, envelope: Envelope, step: str, *, at: list[int] | None = None, before: TaskPlace | None = None) -> Envelope:
        """Continues with a step: in this session, or in a fresh one if this session's components run out.

        `at` is the coordinate of the step's task if it differs from the envelope's; `before` is the preceding task.
        """
        return self.go_after(0, envelope, step, at=at, before=before)

    def go_after(
        self, wait_ms: int, envelope: Envelope, step: str, *, at: list[int] | None = None, before: TaskPlace | None = None
    ) -> Envelope:
        """Continues with a step after a pause outside of step containers."""
        envelope = without(envelope, ("from", "since")) | {"step": step, "block": self._plan.block(step)}
        if at is not None:
            envelope["at"] = at
        if before is not None and not self._plan.has_one_predecessor(step):
            envelope["from"] = before
        return self.pause(envelope, wait_ms)

    def pause(self, envelope: Envelope, wait_ms: int) -> Envelope:
        """Continues with the same step after a pause outside of step containers."""
        if wait_ms <= 0:
            return self.hand_over(envelope) if self._runs_out(envelope) else envelope
        if not self.keeps(envelope, self._plan.steps[envelope["step"]]["timeoutMs"] + wait_ms):
            return self.stop(envelope)
        if self._runs_out(envelope, pauses(wait_ms)) or outlasts(envelope, wait_ms, self._clock.now_ms()):
            return self.hand_over(envelope | {"wait": min(wait_ms, SESSION_PAUSE_MAX_MS)}, keeps_wait=True)
        return envelope | {"wait": wait_ms}

    def keeps(self, envelope: Envelope, needed_ms: int) -> bool:
        """Renews the envelope's lease to last this long. False if another session has taken the work over."""
        try:
            self._leases.keep(envelope, needed_ms)
            return True
        except Lost:
            return False

    def has_to_wait(self, envelope: Envelope) -> bool:
        """Whether this session has only enough components left to wait."""
        return envelope["used"] > LAST_STEP_AT and not envelope.get("died") and not self._plan.is_sequence

    def _runs_out(self, envelope: Envelope, more: int = 0) -> bool:
        """Whether this session should hand over. A sequence cannot and need not hand over: it is as long as its flow."""
        return envelope["used"] + more >= CONTINUE_FROM and not self._plan.is_sequence

    def hand_over(self, envelope: Envelope, keeps_wait: bool = False) -> Envelope:
        """Has a fresh session launched for the rest. If refused, this session continues while it can."""
        fresh = own_session(self._of_fresh_session(envelope, keeps_wait))
        if envelope["used"] > LAST_STEP_AT and self._launches.is_refused:
            since = self._clock.now_ms()
            self._tell_waiting(since)
            return self._launches.ask(envelope, [fresh], self.stopping(envelope), persists_since=since)
        return self._launches.ask(envelope | {"handsOver": True}, [fresh], self.stopping(envelope))

    def was_refused(self, envelope: Envelope) -> bool:
        """Whether the platform refused the fresh session that the previous component asked for."""
        if not envelope.pop("handsOver", False) or not self._launches.is_refused:
            return False
        self._tell_waiting(self._clock.now_ms())
        return True

    def free_client(self, envelope: Envelope) -> Envelope | None:
        """Has a fresh session launched for the rest, and waits for the result.

        None if the platform has just refused one, and in a sequence: no conductor could launch it.
        """
        if self._launches.is_refused or self._plan.is_sequence:
            return None
        return self._launches.ask(envelope, [own_session(self._of_fresh_session(envelope))], self.stopping(envelope))

    def pause_after_refusal_ms(self, since_ms: int) -> int:
        return pause_after_refusal_ms(self._launches.is_crowded, since_ms, self._clock.now_ms())

    def stopping(self, envelope: Envelope) -> Envelope:
        """The envelope of a session that hands over its work. Only the home session must still wait for the result."""
        if envelope.get("home"):
            return only(envelope, KEPT_BY_HOME) | {"block": self._plan.block(self._plan.start), "awaits": True}
        return ended(envelope, {"run": envelope["run"], "status": "running"})

    @staticmethod
    def _of_fresh_session(envelope: Envelope, keeps_wait: bool = False) -> Envelope:
        left = {"home", "used", "answerWithin", "answerBy", "waits"} | (set() if keeps_wait else {"wait"})
        return without(envelope, left)

    def stop(self, envelope: Envelope) -> Envelope:
        """Ends a session whose work another session has taken over. If a client waits, the answer is the run's result."""
        run = envelope["run"]
        if not envelope.get("home"):
            return ended(envelope, {"run": run, "status": "running"})
        by = envelope.get("answerBy")
        until = self._clock.now() if by is None else min(by / 1000, self._deadline - RESULT_RESERVE_S)
        pause = POLL_FIRST_S
        while True:
            result = self._store.get_json(self._layout.result)
            if result is not None:
                return ended(envelope, result)
            left = until - self._clock.now()
            if left <= 0:
                is_cancelled = self._store.exists(self._layout.cancelled)
                return ended(envelope, {"run": run, "status": "cancelled" if is_cancelled else "running"})
            self._clock.sleep(min(pause, left))
            pause = min(pause * POLL_GROWTH, POLL_MAX_S)

    def _tell_waiting(self, since_ms: int) -> None:
        """Records for `nuvopipe status` that the platform accepts no more sessions at the moment."""
        self._store.put(self._layout.waiting, to_json({"since": since_ms, "reason": "too many requests (429)"}))
