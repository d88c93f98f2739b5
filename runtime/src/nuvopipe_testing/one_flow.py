"""One flow whose tasks are executed, on a simulated platform: for flow tests, and for the runtime's own."""

from nuvopipe_runtime.contract.layout import RunLayout
from nuvopipe_runtime.execution.execute import Executor
from nuvopipe_runtime.store import to_json

from .clocks import SkippingClock
from .platform import Container, Platform, SessionLost


class OneFlow(Platform):
    """A platform with one flow, all of whose activations meet in one container. Time is real, and pauses are skipped.

    An error of an activation is the caller's: no conductor handles it.
    """

    def __init__(self, plan, executor=None):
        super().__init__([plan], None, SkippingClock())
        self.plan = plan
        [self.flow] = self.flows.values()
        self.container = Container(plan, executor or Executor(plan))
        self.launches = 0
        """Sessions that the platform has taken."""
        self.refuse = lambda envelope: False
        """Whether the platform refuses a session."""
        self.before = self.after = lambda number, envelope: None
        """Called around each activation; may return "drop" to lose the session there."""
        self.answer = lambda envelope, arguments: {"error": "the simulation has no actions"}
        """What the action that a step calls answers: `result`, or `error`."""
        self.result_of = lambda envelope, arguments: {"status": "failed", "error": {"message": "the simulation has no flows"}}
        """How the run of another flow ends that a step starts."""
        self.components = 0
        self.log = []
        """The envelopes of all activations."""

    def launch(self, flow, envelope):
        if self.refuse(envelope):
            return False
        self.launches += 1
        return super().launch(flow, envelope)

    def start(self, action, arguments):
        """The other flow's run ends at once."""
        result = {"run": arguments["run"], **self.result_of(self.log[-1], arguments)}
        self.store.put(RunLayout(action, arguments["run"]).result, to_json(result))

    def step(self, flow, component):
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

    def call(self, flow, component):
        answer = self.answer(component.envelope, component.arguments)
        return answer["result"] if "result" in answer else answer

    # ------------------------------------------------------------------ for those who look on

    def invoke(self, run="r1", **params):
        """The result that a client is answered, after everything has been run."""
        return self.run_session(self.flow.enter(run=run, wait=0, **params))

    def run_session(self, envelope):
        """What a session ends with, after it and all that it launched have been run; None when it was lost."""
        ends = []
        self.run(self.session(self.flow, envelope, ends.append))
        return ends[0]["result"] if ends else None

    def result(self, run="r1"):
        return self.store.get_json(RunLayout(self.plan.flow, run).result)

    def keys(self, part, run="r1"):
        prefix = RunLayout(self.plan.flow, run).run_prefix
        return [key for key in self.store.list(prefix) if part in key]
