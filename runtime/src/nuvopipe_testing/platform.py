"""A simulated OpenWhisk with an object store: the conductor sessions of some flows take turns, one component each.

Conductors are the model in `conductor.py`; step actions run the runtime's own `Session`. Time passes only when the clock skips
it. Subclasses add faults by overriding the calls of the platform.
"""

from __future__ import annotations

import json
import os
from collections import deque
from typing import TYPE_CHECKING, Any

from obstore.store import MemoryStore

from nuvopipe_runtime.context import Context
from nuvopipe_runtime.contract.layout import RunLayout
from nuvopipe_runtime.contract.openwhisk import ACTION_TIME_DEFAULT_MS
from nuvopipe_runtime.contract.protocol import ENVELOPE_KEY
from nuvopipe_runtime.envelope import check_size, from_arguments
from nuvopipe_runtime.protocol.container import Container
from nuvopipe_runtime.protocol.container.pace import Pace
from nuvopipe_runtime.protocol.related_runs.launches import BUSY
from nuvopipe_runtime.protocol.values.secret_parameters import SecretParameters
from nuvopipe_runtime.protocol.wiring import session_of
from nuvopipe_runtime.store import Store

from .conductor import Call, Conductor, Launch, Pause, Refused, Step

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from typing import TypeAlias

    from nuvopipe_runtime.clock import Clock
    from nuvopipe_runtime.contract.formats import Envelope
    from nuvopipe_runtime.execution.execute import Executor
    from nuvopipe_runtime.plan import Plan

    from .clocks import SkippingClock, StandingClock
    from .conductor import Component, JsonObject

    Turns: TypeAlias = Generator["float | Parked", None, None]
    """A session: yields the earliest time of its next turn, epoch seconds."""
    Answering: TypeAlias = Generator["float | Parked", None, JsonObject]
    """A component: yields likewise, and returns its answer."""

ROOT = "s3://bucket/root"
SECRET = "the store's secret"
USER = "tester"

ACTIVATION_MARGIN_MS = 15_000
"""The compiler's `RUNTIME_MARGIN_MS`: the time that it adds to a step's time limit for the step's action."""


class SessionLost(Exception):
    """Raised when a session is lost with its controller."""


class Parked:
    """Yielded by a session that takes no more turns until it is run again. `activation`: where it was held."""

    def __init__(self, activation: Any) -> None:
        self.activation = activation


def warm_container(plan: Plan, executor: Executor) -> Container:
    """Makes a container that counts as warm, so that forks launch all lanes at once."""
    return Container(executor, SecretParameters(plan), pace=Pace(start_ms=0))


class DeployedFlow:
    """A flow on the platform: its conductor and the containers of its step actions."""

    def __init__(self, plan: Plan, new_executor: Callable[[Plan], Executor], stand_ins: Sequence[str] = ()) -> None:
        self.plan = plan
        self.conductor = Conductor.of(plan, stand_ins)
        self._new_executor = new_executor
        self._idle: list[Container] = []

    def take_container(self) -> Container:
        return self._idle.pop() if self._idle else warm_container(self.plan, self._new_executor(self.plan))

    def give_back(self, container: Container) -> None:
        self._idle.append(container)

    def enter(self, **given: Any) -> JsonObject:
        """Returns the envelope that its conductor makes of an invocation's arguments, which name a run."""
        return self.conductor.enter(given, new_run=lambda: str(given["run"]))


class Platform:
    """A platform with the flows of some plans. `new_executor(plan)` makes the executor of a container."""

    def __init__(
        self,
        plans: Sequence[Plan],
        new_executor: Callable[[Plan], Executor],
        clock: SkippingClock | StandingClock,
        stand_ins: Sequence[str] = (),
    ) -> None:
        self.objects = MemoryStore()
        self.store = Store(self.objects, "", ROOT, SECRET)
        self.clock = clock
        self.flows = {plan.flow: DeployedFlow(plan, new_executor, stand_ins) for plan in plans}
        self.sessions: deque[tuple[DeployedFlow, JsonObject]] = deque()
        """`(flow, first envelope)` of launched sessions that have had no turn yet."""
        self.activations = 0
        self.refusal = BUSY
        """The reason with which the platform refuses sessions."""
        self.environment = {
            "PATH": os.environ["PATH"],
            "METAFLOW_DATASTORE_SYSROOT_S3": ROOT,
            "METAFLOW_USER": USER,
            # Metaflow's client cannot read the simulated store.
            "NUVOPIPE_SIMULATED": "1",
        }

    # ------------------------------------------------------------------ calls of the platform

    def launch_all(self, flow: DeployedFlow, component: Launch) -> JsonObject:
        """Launches sessions; returns the answer to the flow's conductor."""
        taken, refusal = 0, None
        for action, arguments in component.sessions:
            refusal = self.refusal_of(flow, action, arguments)
            if refusal is not None:
                break
            taken += 1
        for action, arguments in component.also:
            self.refusal_of(flow, action, arguments)
        answer: JsonObject = {"taken": taken, "now": self.clock.now_ms()}
        return answer if refusal is None else {**answer, "refusal": refusal}

    def refusal_of(self, flow: DeployedFlow, action: str | None, arguments: JsonObject) -> str | None:
        """Launches a session. Returns why the platform refuses it, or None."""
        if action is None:
            return None if self.launch(flow, arguments[ENVELOPE_KEY]) else self.refusal
        return self.start(action, arguments)

    def launch(self, flow: DeployedFlow, envelope: JsonObject | Envelope) -> bool:
        """Launches another session of the same flow. Returns whether the platform accepts it."""
        return self.accept("launch", flow, envelope)

    def start(self, action: str, arguments: JsonObject) -> str | None:
        """Invokes another flow, by its name or that of its only conductor. Returns why it is refused, or None."""
        flow = self.flows[action.partition(".steps/")[0]]
        envelope = arguments[ENVELOPE_KEY] if ENVELOPE_KEY in arguments else flow.enter(**arguments)
        return None if self.accept("start", flow, envelope) else self.refusal

    def accept(self, operation: str, flow: DeployedFlow, envelope: JsonObject | Envelope) -> bool:
        """Accepts a session that another one launches or starts (`operation`). All sessions but the first come through here.
        Returns whether the platform accepts it."""
        self.launched(flow, envelope)
        return True

    def launched(self, flow: DeployedFlow, envelope: JsonObject | Envelope) -> None:
        """Adds a session that starts with an envelope."""
        self.sessions.append((flow, copied(envelope)))

    def pause(self, flow: DeployedFlow, component: Pause) -> Answering:
        """Pauses a session: yields the time at which it continues."""
        yield self.clock.now() + component.ms / 1000
        return {}

    def step(self, flow: DeployedFlow, component: Step) -> Answering:
        """Returns the answer of a step action. May yield before."""
        yield from ()
        container = flow.take_container()
        answer = self.activate(flow, component.envelope, self.store, container)
        flow.give_back(container)
        return answer

    def call(self, flow: DeployedFlow, component: Call) -> JsonObject:
        """Returns the answer of an action that a step calls."""
        return {"error": "the simulation has no actions"}

    def refused(self, flow: DeployedFlow) -> JsonObject:
        """Called when a session invokes more components than OpenWhisk allows."""
        raise AssertionError("the platform refuses the 51st component")

    def parked(self, activation: Any, session: Turns) -> None:
        """Called when a session was parked."""

    def time_passed(self) -> None:
        """Called after the clock has skipped the time for which sessions waited."""

    # ------------------------------------------------------------------ sessions

    def run(self, *sessions: Turns) -> None:
        """Runs sessions and all that they launch until each has ended or is parked."""
        turns: deque[tuple[float, Turns]] = deque((self.clock.now(), session) for session in sessions)
        while turns or self.sessions:
            while self.sessions:
                turns.append((self.clock.now(), self.session(*self.sessions.popleft())))
            self.clock.skip_to(min(wake for wake, _ in turns))
            self.time_passed()
            wake, session = turns.popleft()
            following: float | Parked | None = next(session, None) if wake <= self.clock.now() else wake
            if isinstance(following, Parked):
                self.parked(following.activation, session)
            elif following is not None:
                turns.append((following, session))

    def session(
        self, flow: DeployedFlow, envelope: JsonObject, ended: Callable[[JsonObject], Any] = lambda envelope: None
    ) -> Turns:
        """A session that starts with an envelope. Yields the earliest time of its next turn; `ended` gets its last envelope."""
        walk = flow.conductor.session(envelope)
        try:
            component = next(walk)
            while True:
                answer = yield from self._answer(flow, component)
                # A call or launch follows in the same turn.
                follows_pause = isinstance(component, Pause)
                component = walk.send(answer)
                if not follows_pause and not isinstance(component, (Call, Launch)):
                    yield self.clock.now()
        except SessionLost:
            pass
        except StopIteration as end:
            ended(end.value)

    def _answer(self, flow: DeployedFlow, component: Component) -> Answering:
        match component:
            case Step():
                return (yield from self.step(flow, component))
            case Pause():
                return (yield from self.pause(flow, component))
            case Launch():
                if component.holds:
                    yield self.clock.now() + 1
                return self.launch_all(flow, component)
            case Call():
                return self.call(flow, component)
            case Refused():
                return self.refused(flow)

    def activate(self, flow: DeployedFlow, envelope: JsonObject, store: Store, container: Container) -> JsonObject:
        """Runs one activation of a step action."""
        self.activations += 1
        by = f"activation-{self.activations}"
        deadline = self.clock.now() + activation_s(flow.plan, envelope)
        return advance(flow.plan, copied(envelope), store, self.clock, by, deadline, container, self.environment)


def advance(
    plan: Plan,
    envelope: JsonObject,
    store: Store,
    clock: Clock,
    by: str,
    deadline: float,
    container: Container,
    environment: dict[str, str],
) -> JsonObject:
    """Does the work of a step action's `main` on an envelope; see `action.py`."""
    layout = RunLayout(plan.flow, envelope["run"])
    context = Context(
        plan=plan, store=store, layout=layout, clock=clock, by=by, deadline=deadline, user=USER, environment=environment
    )
    answer = session_of(context, container).advance(from_arguments(envelope))
    check_size(answer)
    return dict(answer)


def activation_s(plan: Plan, envelope: JsonObject) -> float:
    """Time limit of an envelope's activation."""
    step = envelope.get("step")
    timeout_ms = plan.steps[step]["timeoutMs"] if step in plan.steps else 0
    return max(ACTION_TIME_DEFAULT_MS, timeout_ms + ACTIVATION_MARGIN_MS) / 1000


def copied(envelope: JsonObject | Envelope) -> JsonObject:
    """Returns an envelope as it arrives over the network."""
    copy: JsonObject = json.loads(json.dumps(envelope))
    return copy
