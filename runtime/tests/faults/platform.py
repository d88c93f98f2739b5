"""The simulated platform with faults: any request to S3, launch, activation or pause can fail.

Time is simulated and the order of calls never changes, so the number of a call identifies where a fault occurs.
"""

from __future__ import annotations

import threading
from collections import Counter
from typing import TYPE_CHECKING, Any, NoReturn

from obstore.exceptions import GenericError

from nuvopipe_runtime.contract.protocol import ENVELOPE_KEY
from nuvopipe_runtime.store import Lost, explain
from nuvopipe_runtime.sweeper import Sweeper
from nuvopipe_testing.asked_store import CONDITIONAL, AskedStore
from nuvopipe_testing.clocks import StandingClock
from nuvopipe_testing.platform import ROOT, SECRET, Parked, Platform, SessionLost

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    from nuvopipe_runtime.plan import Plan
    from nuvopipe_testing.conductor import JsonObject
    from nuvopipe_testing.platform import DeployedFlow


EPOCH_S = 4_000_000_000
"""Start of simulated time. It is after the real time, with which the real executor compares the deadlines of its tasks."""

REQUEST_S, ACTIVATION_S = 0.002, 0.01
LAUNCH_TIMEOUT_S = 20
HELD_S = 600
SWEEP_AFTER_S = 3_600
"""A time longer than any lease."""

SWEEPS_MAX = 50
"""Maximum number of sweeps of a run with many faults."""

STAND_INS = ("stand-in",)
"""Every flow has a stand-in here, even if its plan has none: it fails the attempts of actions that do not start."""

READS = ("get", "exists", "list")
KINDS = {
    **{operation: ("fails", "killed", "slow", "frozen") for operation in READS},
    **{operation: ("fails", "unanswered", "killed", "slow", "frozen") for operation in ("put", "copy", "delete")},
    **{operation: ("fails", "unanswered", "repeated", "killed", "slow", "frozen", "raced") for operation in CONDITIONAL},
    "begin": ("lost", "doubled"),
    "launch": ("lost", "doubled", "refused", "unanswered"),
    "start": ("lost", "doubled", "refused", "unanswered"),
    "activation": ("session dropped before", "session dropped after", "answer lost", "cannot start"),
    "wait": ("fails",),
    "call": ("fails", "session dropped after"),
}
"""Kinds of faults, by operation.

fails: the call did nothing, and the caller gets an error. unanswered: the call took effect, and the caller gets an error.
repeated: the client sent the request twice because the first answer was a 500. killed: the container ends there. slow: the
request is carried out ten minutes later, after the other sessions have continued. frozen: it is carried out after a sweep.
raced: the store checks the condition first and writes after the other sessions have continued, even if the object has changed.
lost: OpenWhisk accepts the call and forgets it. cannot start: the step's action dies twice before it sees the envelope, and a
stand-in fails the attempt.
"""

HELD = ("slow", "frozen", "raced")
"""Kinds that hold the activation while other sessions continue."""


EXITED = "The action did not produce a valid response and exited unexpectedly."
"""OpenWhisk's message if a container is gone."""

CANNOT_START = "Failed to pull container image"
"""OpenWhisk's message if an action does not start. The next activation of its step fails with it too."""

DIED_TWICE = "its action died twice"

LISTS = ("list", "list_stem", "names")


class Killed(BaseException):
    """Raised when the container is gone. The runtime does not handle it."""


class Activation:
    """One activation of a step action, in its own thread if it can be held."""

    def __init__(self, platform: FaultyPlatform, flow: DeployedFlow, envelope: JsonObject) -> None:
        self._platform = platform
        self._flow = flow
        self._envelope = envelope
        self._container = flow.take_container()
        self._store = AskedStore(self._request, ROOT, SECRET)
        self._is_killed = False
        self.held = None
        """The kind of fault that holds the activation, one of `HELD`; None if it is not held."""
        self._stopped, self._goes_on = threading.Semaphore(0), threading.Semaphore(0)
        self.answer = None
        """The activation's answer; an error if it died."""

    def run(self) -> None:
        """Runs until it has answered or is held."""
        if self._platform.may_hold:
            threading.Thread(target=self._in_thread, daemon=True).start()
            self._stopped.acquire()
        else:
            self.answer = self._advance()

    def hold(self, kind: str) -> None:
        """Blocks its own thread until `go_on`."""
        self.held = kind
        self._stopped.release()
        self._goes_on.acquire()

    def go_on(self) -> None:
        self.held = None
        self._goes_on.release()
        self._stopped.acquire()

    def _in_thread(self) -> None:
        self.answer = self._advance()
        self._stopped.release()

    def _advance(self) -> dict[str, Any]:
        try:
            answer = self._platform.activate(self._flow, self._envelope, self._store, self._container)
        except Killed:
            return {"error": EXITED}
        except Exception as error:
            if not isinstance(error, GenericError) and "could not be stored" not in str(error):
                self._platform.problems.append(f"{self._envelope}: {type(error).__name__}: {error}")
            answer = {"error": explain(error)[:300]}
        if self._is_killed:
            return {"error": EXITED}
        self._flow.give_back(self._container)
        return answer

    def _request(self, operation: str, key: str, *arguments: Any) -> Any:
        """Carries out a request to the store, with the fault that it has, if any."""
        if self._is_killed:
            raise Killed
        store = self._platform.store
        work = lambda: getattr(store, operation)(key, *arguments)  # noqa: E731
        name = "list" if operation in LISTS else operation
        kind = self._platform.request(name, key)
        if kind is None:
            return work()
        if kind == "fails":
            raise GenericError("Generic S3 error: 503 SlowDown, after all retries")
        if kind == "killed":
            self._is_killed = True
            raise Killed
        if kind == "raced":
            self._check(operation, key, *arguments)
            self.hold(kind)
            return store.put(key, arguments[0])
        if kind in HELD and name in READS:
            found = work()
            self.hold(kind)
            return found
        if kind in HELD:
            self.hold(kind)
            return work()
        work()
        if kind == "repeated":
            raise Lost(key)
        raise GenericError("Generic S3 error: the connection was reset")

    def _check(self, operation: str, key: str, data: bytes, e_tag: str | None = None) -> None:
        """Does the check of a store that checks before it writes."""
        found = self._platform.store.get(key)
        if (operation == "create") != (found is None) or (found and found[2] != e_tag):
            raise Lost(key)


class FaultyPlatform(Platform):
    """A platform with faults. `new_executor(plan, platform)` makes the executor of a container."""

    def __init__(
        self,
        plans: Sequence[Plan],
        new_executor: Callable[..., Any],
        may_hold: bool = False,
        sweep_every_s: float | None = None,
    ) -> None:
        super().__init__(plans, lambda plan: new_executor(plan, self), StandingClock(EPOCH_S), STAND_INS)
        self.fault = lambda call, operation, key: None
        """Returns the kind of a call's fault, one of `KINDS`; None for no fault."""
        self.is_repaired = False
        """Whether steps named `broken_<n>` work."""
        self.may_hold = may_hold
        self.sweeps = 0
        self.sweep_every_s = sweep_every_s
        """Interval of sweeps. If None, there is only one sweep, after everything has stopped."""
        self.calls = []
        """Operation and key of each call so far."""
        self.faults = Counter()
        self.problems = []
        self.executed_again = []
        """Tasks that were committed before they began."""
        self.given_up = []
        """Answers of sessions that ended because a stand-in died too."""
        self._held = []
        """`(activation, session)`."""
        self._meanwhile = []
        self._next_sweep = self.clock.now() + SWEEP_AFTER_S

    # ------------------------------------------------------------------ calls and their faults

    def happens(self, operation: str, key: str | None) -> str | None:
        """Counts a call and returns the kind of its fault; None for no fault."""
        call = len(self.calls)
        self.calls.append((operation, key))
        kind = self.fault(call, operation, key)
        if kind is not None:
            self.faults[operation, kind] += 1
        return kind

    def request(self, operation: str, key: str) -> str | None:
        """Counts a request to the store and returns the kind of its fault; None for no fault."""
        self.clock.sleep(REQUEST_S)
        return self.happens(operation, key)

    def accept(self, operation: str, flow: DeployedFlow, envelope: JsonObject) -> bool:
        kind = self.happens(operation, envelope.get("step"))
        if kind == "refused":
            return False
        for _ in range({"lost": 0, "doubled": 2}.get(kind, 1)):
            super().accept(operation, flow, envelope)
        if kind == "unanswered":
            self.clock.sleep(LAUNCH_TIMEOUT_S)
        return kind != "unanswered"

    def pause(self, flow: DeployedFlow, component: Any) -> Generator[Any, Any, Any]:
        if self.happens("wait", component.envelope.get("step")) is not None:
            return {"error": "the pause failed"}
        return (yield from super().pause(flow, component))

    def step(self, flow: DeployedFlow, component: Any) -> Generator[Any, Any, Any]:
        envelope = component.envelope
        kind = None
        if envelope.get("died") != CANNOT_START:
            kind = self.happens("activation", envelope.get("step"))
        if kind == "session dropped before":
            raise SessionLost
        if kind == "cannot start" or (envelope.get("died") == CANNOT_START and not component.is_stand_in):
            return {"error": CANNOT_START}
        self.clock.sleep(ACTIVATION_S)
        activation = Activation(self, flow, envelope)
        activation.run()
        if activation.held:
            yield Parked(activation)
        if kind == "session dropped after":
            raise SessionLost
        return {"error": "the action's result was lost"} if kind == "answer lost" else activation.answer

    def call(self, flow: DeployedFlow, component: Any) -> Any:
        kind = self.happens("call", component.envelope["step"])
        if kind == "session dropped after":
            raise SessionLost
        return {"error": "busy"} if kind == "fails" else component.arguments

    def refused(self, flow: DeployedFlow) -> NoReturn:
        self.problems.append("a session has come to its 51st component")
        raise SessionLost

    def parked(self, activation: Activation, session: Any) -> None:
        self._held.append((activation, session))

    def session(self, flow: DeployedFlow, envelope: JsonObject) -> Iterator[Any]:
        return super().session(flow, envelope, self._ended)

    def _ended(self, envelope: JsonObject) -> None:
        error = envelope.get("result", {}).get("error", {}).get("message", "")
        if DIED_TWICE in error:
            self.given_up.append(error)

    # ------------------------------------------------------------------ clients and sweeps

    def begin(self, flow: str, run: str, wait: float = 0, **more: Any) -> None:
        """Starts or resumes a run, as a client."""
        kind = self.happens("begin", flow)
        for _ in range({"lost": 0, "doubled": 2}.get(kind, 1)):
            self._invoke(flow, run=run, wait=wait, **more)

    def cancel(self, flow: str, run: str) -> None:
        """Cancels a run, as a client."""
        self._invoke(flow, cancel=run)

    def _invoke(self, name: str, **given: Any) -> None:
        flow = self.flows[name]
        self.launched(flow, flow.enter(**given))

    def meanwhile(self, seconds: int, act: Callable[[], Any]) -> None:
        """Calls `act` after this many seconds, while runs continue."""
        wake = self.clock.now() + seconds

        def session() -> Iterator[Any]:
            yield wake
            act()

        self._meanwhile.append(session())

    def finish(self, is_over: Callable[[], bool]) -> None:
        """Runs until all sessions have stopped, releases held activations, and sweeps once if the run is not over by then."""
        self.run(*self._meanwhile)
        self._meanwhile.clear()
        self._let_go("slow")
        self._let_go("raced")
        sweeps = 0
        while self._held or (not is_over() and sweeps < (SWEEPS_MAX if self.sweep_every_s else 1)):
            self.sweep()
            self.run()
            sweeps += 1
            if self._held:
                self._let_go("frozen")
                sweeps = 0

    def sweep(self) -> None:
        """Runs the sweeper after every lease has expired."""
        self.clock.skip_to(self._next_sweep)
        self._next_sweep = self.clock.now() + (self.sweep_every_s or SWEEP_AFTER_S)
        self.sweeps += 1
        swept = []
        Sweeper(self.store, lambda *start: swept.append(start), self.clock, self.clock.now() + 60).sweep()
        for conductor, arguments in sorted(swept, key=str):
            self.launched(self.flows[conductor.partition(".steps/")[0]], arguments[ENVELOPE_KEY])

    def time_passed(self) -> None:
        if self.clock.now() > self._next_sweep and (self.sweep_every_s or self.sweeps == 0):
            self.sweep()

    def _let_go(self, kind: str) -> None:
        going_on = [held for held in self._held if held[0].held == kind]
        for activation, _ in going_on:
            self.clock.sleep(HELD_S)
            activation.go_on()
        self._held = [held for held in self._held if held not in going_on]
        self.run(*(session for _, session in going_on))
