"""A simulated OpenWhisk with an object store: conductor sessions of some flows take turns, one component each.

Conductors are the model in `conductor.py`; what a step action does is the runtime's own `Session`. Nothing takes time but what
the clock is told to skip. What may go wrong is decided by subclasses, which override the calls of the platform.
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
    """A session: yields when its next turn may come, epoch seconds."""
    Answering: TypeAlias = Generator["float | Parked", None, JsonObject]
    """A component, likewise; returns its answer."""

ROOT = "s3://bucket/root"
SECRET = "the store's secret"
USER = "tester"

ACTIVATION_MARGIN_MS = 15_000
"""What the compiler adds to a step's time limit for its action: `RUNTIME_MARGIN_MS`."""


class SessionLost(Exception):
    """The controller that held a session is gone."""


class Parked:
    """What a session yields that leaves the turns, until somebody runs it again. `activation`: what it is in."""

    def __init__(self, activation: Any) -> None:
        self.activation = activation


def warm_container(plan: Plan, executor: Executor) -> Container:
    """All containers are warm: forks launch their lanes at once."""
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
        """The envelope that its conductor makes of the arguments of an invocation, which name a run."""
        return self.conductor.enter(given, new_run=lambda: str(given["run"]))


class Platform:
    """The flows of some plans. `new_executor(plan)` makes what executes a container's tasks."""

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
        """`(flow, first envelope)` of those that have not had a turn."""
        self.activations = 0
        self.refusal = BUSY
        """How the platform refuses sessions."""
        self.environment = {
            "PATH": os.environ["PATH"],
            "METAFLOW_DATASTORE_SYSROOT_S3": ROOT,
            "METAFLOW_USER": USER,
            # There is no S3 that Metaflow's client could read.
            "NUVOPIPE_SIMULATED": "1",
        }

    # ------------------------------------------------------------------ calls of the platform

    def launch_all(self, flow: DeployedFlow, component: Launch) -> JsonObject:
        """What the conductor of a flow learns of the sessions that it launches."""
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
        """Why the platform refuses a session; None when it takes it."""
        if action is None:
            return None if self.launch(flow, arguments[ENVELOPE_KEY]) else self.refusal
        return self.start(action, arguments)

    def launch(self, flow: DeployedFlow, envelope: JsonObject | Envelope) -> bool:
        """A session launches another one of its flow. Whether the platform takes it."""
        return self.accept("launch", flow, envelope)

    def start(self, action: str, arguments: JsonObject) -> str | None:
        """Another flow is invoked: by the name of the flow, or of the conductor of its one version here. Why it is refused."""
        flow = self.flows[action.partition(".steps/")[0]]
        envelope = arguments[ENVELOPE_KEY] if ENVELOPE_KEY in arguments else flow.enter(**arguments)
        return None if self.accept("start", flow, envelope) else self.refusal

    def accept(self, operation: str, flow: DeployedFlow, envelope: JsonObject | Envelope) -> bool:
        """The one place where sessions are invoked, without waiting for them, by a `launch` or `start` of another. Whether the
        platform takes it."""
        self.launched(flow, envelope)
        return True

    def launched(self, flow: DeployedFlow, envelope: JsonObject | Envelope) -> None:
        """There is a session more, which starts with an envelope."""
        self.sessions.append((flow, copied(envelope)))

    def pause(self, flow: DeployedFlow, component: Pause) -> Answering:
        """A pause of a session. Yields when it goes on."""
        yield self.clock.now() + component.ms / 1000
        return {}

    def step(self, flow: DeployedFlow, component: Step) -> Answering:
        """What a step action answers. May yield before it does."""
        yield from ()
        container = flow.take_container()
        answer = self.activate(flow, component.envelope, self.store, container)
        flow.give_back(container)
        return answer

    def call(self, flow: DeployedFlow, component: Call) -> JsonObject:
        """What an action answers that a step calls."""
        return {"error": "the simulation has no actions"}

    def refused(self, flow: DeployedFlow) -> JsonObject:
        """A session has come to a component more than OpenWhisk allows."""
        raise AssertionError("the platform refuses the 51st component")

    def parked(self, activation: Any, session: Turns) -> None:
        """A session has left the turns."""

    def time_passed(self) -> None:
        """Sessions have waited: their time has been skipped."""

    # ------------------------------------------------------------------ sessions

    def run(self, *sessions: Turns) -> None:
        """Runs sessions, and all that they launch, until each has ended or is parked."""
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
        """A session that starts with an envelope. Yields when its next turn may come; `ended` is told its last envelope."""
        walk = flow.conductor.session(envelope)
        try:
            component = next(walk)
            while True:
                answer = yield from self._answer(flow, component)
                # A call follows in the same turn.
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
        """One activation of a step action."""
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
    """What a step action's `main` does with an envelope; see `action.py`."""
    layout = RunLayout(plan.flow, envelope["run"])
    context = Context(
        plan=plan, store=store, layout=layout, clock=clock, by=by, deadline=deadline, user=USER, environment=environment
    )
    answer = session_of(context, container).advance(from_arguments(envelope))
    check_size(answer)
    return dict(answer)


def activation_s(plan: Plan, envelope: JsonObject) -> float:
    """What an envelope's activation may take."""
    step = envelope.get("step")
    timeout_ms = plan.steps[step]["timeoutMs"] if step in plan.steps else 0
    return max(ACTION_TIME_DEFAULT_MS, timeout_ms + ACTIVATION_MARGIN_MS) / 1000


def copied(envelope: JsonObject | Envelope) -> JsonObject:
    """An envelope as it is on the other side of the network."""
    copy: JsonObject = json.loads(json.dumps(envelope))
    return copy
