"""The simulated platform with one flow that executes real tasks, for flow tests and for the runtime's own tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nuvopipe_runtime.contract.layout import RunLayout
from nuvopipe_runtime.contract.protocol import EXACT_PARAMETERS
from nuvopipe_runtime.execution.execute import Executor
from nuvopipe_runtime.protocol.values.stored_parameters import read_given
from nuvopipe_runtime.store import to_json

from .clocks import SkippingClock
from .platform import Platform, SessionLost, warm_container

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from nuvopipe_runtime.contract.formats import Envelope
    from nuvopipe_runtime.plan import Plan

    from .conductor import Call, JsonObject, Step
    from .platform import Answering, DeployedFlow

    Hook: TypeAlias = Callable[[int, JsonObject], Any]
    Answer: TypeAlias = Callable[[JsonObject, JsonObject], JsonObject]


class OneFlow(Platform):
    """A platform with one flow and a single container. Time is real, but pauses are skipped.

    An error in an activation is raised in the caller, not handled by a conductor.
    """

    def __init__(self, plan: Plan, executor: Executor | None = None) -> None:
        executor = executor or Executor(plan)
        super().__init__([plan], lambda plan: executor, SkippingClock())
        self.plan = plan
        [self.flow] = self.flows.values()
        self.container = warm_container(plan, executor)
        self.launches = 0
        """Number of sessions that the platform has accepted."""
        self.refuse: Callable[[JsonObject | Envelope], Any] = lambda envelope: False
        """Whether the platform refuses a session."""
        self.before: Hook = lambda number, envelope: None
        self.after: Hook = lambda number, envelope: None
        """Called before and after each activation; may return "drop" to lose the session there."""
        self.answer: Answer = lambda envelope, arguments: {"error": "the simulation has no actions"}
        """Returns the answer of the action that a step calls: `result` or `error`."""
        self.result_of: Answer = lambda envelope, arguments: {
            "status": "failed",
            "error": {"message": "the simulation has no flows"},
        }
        """Returns the result of another flow's run that a step starts."""
        self.components = 0
        self.log: list[JsonObject] = []
        """Envelopes of all activations."""

    def launch(self, flow: DeployedFlow, envelope: JsonObject | Envelope) -> bool:
        if self.refuse(envelope):
            return False
        self.launches += 1
        return super().launch(flow, envelope)

    def start(self, action: str, arguments: JsonObject) -> str | None:
        """Ends the other flow's run at once. Sessions that wake or cancel such a run find it ended."""
        if "run" not in arguments:
            return None
        run = arguments["run"]
        given = read_given(self.store, action, run)
        if given is not None:
            arguments = {**arguments, EXACT_PARAMETERS: given}
        result = {"run": run, **self.result_of(self.log[-1], arguments)}
        self.store.put(RunLayout(action, run).result, to_json(result))
        return None

    def step(self, flow: DeployedFlow, component: Step) -> Answering:
        yield from ()
        self.components += 1
        number, envelope = self.components, component.envelope
        if self.before(number, envelope) == "drop":
            raise SessionLost
        self.log.append(envelope)
        answer = self.activate(flow, envelope, self.store, self.container)
        if self.after(number, envelope) == "drop":
            raise SessionLost
        return answer

    def call(self, flow: DeployedFlow, component: Call) -> JsonObject:
        answer = self.answer(component.envelope, component.arguments)
        result: JsonObject = answer["result"] if "result" in answer else answer
        return result

    # ------------------------------------------------------------------ for tests

    def invoke(self, run: str = "r1", **params: Any) -> Any:
        """Starts a run, and returns the answer to its client after all sessions have run."""
        return self.run_session(self.flow.enter(run=run, wait=0, **params))

    def run_session(self, envelope: JsonObject) -> Any:
        """Runs a session and all that it launches. Returns the session's result; None if the session was lost."""
        ends: list[JsonObject] = []
        self.run(self.session(self.flow, envelope, ends.append))
        if not ends:
            return None
        if "error" in ends[0]:
            raise RuntimeError(ends[0]["error"])
        return ends[0]["result"]

    def result(self, run: str = "r1") -> Any:
        return self.store.get_json(RunLayout(self.plan.flow, run).result)

    def keys(self, part: str, run: str = "r1") -> list[str]:
        prefix = RunLayout(self.plan.flow, run).run_prefix
        return [key for key in self.store.list(prefix) if part in key]
