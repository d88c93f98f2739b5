"""A stand-in for the platform: conductor sessions over an in-memory store, in one process, with real Metaflow tasks."""

import json
import os
from collections import deque
from itertools import takewhile

from obstore.store import MemoryStore

from nuvopipe_runtime.clock import Clock
from nuvopipe_runtime.context import Context
from nuvopipe_runtime.contract.layout import RunLayout
from nuvopipe_runtime.contract.openwhisk import SESSION_COMPONENTS_MAX
from nuvopipe_runtime.contract.protocol import PAUSE_MAX_MS
from nuvopipe_runtime.envelope import check_size
from nuvopipe_runtime.execution.execute import Executor
from nuvopipe_runtime.protocol.pools.growth import Pace
from nuvopipe_runtime.protocol.records.record_cache import RecordCache
from nuvopipe_runtime.protocol.records.stop_check import StopCheck
from nuvopipe_runtime.protocol.session import Session
from nuvopipe_runtime.protocol.timing.answering import Durations
from nuvopipe_runtime.protocol.values.secret_parameters import SecretParameters
from nuvopipe_runtime.store import Store, to_json

ACTIVATION_MIN_S = 60
ACTIVATION_MARGIN_S = 15
"""An activation's time: OpenWhisk's default, or what the compiler asks for beyond the step's own (`RUNTIME_MARGIN_MS`)."""


def launched_in_turn(launch, envelopes):
    """How many were taken before one was refused."""
    return sum(1 for _ in takewhile(launch, envelopes))


def task_environment(root):
    return {
        "PATH": os.environ["PATH"],
        "METAFLOW_DATASTORE_SYSROOT_S3": root,
        "METAFLOW_USER": "tester",
        # There is no S3 that Metaflow's client could read.
        "NUVOPIPE_SIMULATED": "1",
    }


def activation_s(plan, envelope):
    """What an envelope's activation may take."""
    spec = plan.steps.get(envelope.get("step"), {"timeoutMs": 0})
    return max(ACTIVATION_MIN_S, spec["timeoutMs"] / 1000 + ACTIVATION_MARGIN_S)


class Container:
    def __init__(self, plan, executor):
        self.executor = executor
        self.stop_check = StopCheck()
        self.records = RecordCache()
        self.durations = Durations()
        self.pace = Pace(start_ms=0)
        """All containers are warm: forks launch their lanes at once."""
        self.secrets = SecretParameters(plan)


class MovableClock(Clock):
    """Real time plus what tests and waits have skipped."""

    def __init__(self):
        self.skipped = 0.0

    def now(self):
        return super().now() + self.skipped

    def sleep(self, seconds):
        self.skipped += seconds


class Platform:
    """Runs all sessions in turn, one component each; time is skipped when every session waits."""

    def __init__(self, plan, executor=None):
        self.plan = plan
        self.store = Store(MemoryStore(), "", "s3://bucket/root")
        self.clock = MovableClock()
        self.container = Container(plan, executor or Executor(plan))
        self.sessions = deque()
        self.launched = 0
        self.refuse = lambda envelope: False
        self.is_crowded = False
        self.before = self.after = lambda number, envelope: None
        """Called around each component; may return "drop" to lose the session there."""
        self.answer = lambda envelope, arguments: {"error": "the simulation has no actions"}
        """What the action answers that a step calls: `result`, or `error`."""
        self.result_of = lambda envelope, arguments: {"status": "failed", "error": {"message": "the simulation has no flows"}}
        """How the run of another flow ends that a step starts."""
        self.components = 0
        self.log = []
        self.environment = task_environment(self.store.root)

    def launch(self, envelope):
        if self.refuse(envelope):
            return False
        self.launched += 1
        self.sessions.append(json.loads(json.dumps(envelope)))
        return True

    def launch_all(self, envelopes):
        return launched_in_turn(self.launch, envelopes)

    def start(self, flow, arguments):
        """Another flow's run ends at once."""
        result = {"run": arguments["run"], **self.result_of(self.log[-1], arguments)}
        self.store.put(RunLayout(flow, arguments["run"]).result, to_json(result))

    def invoke(self, run="r1", **params):
        """The home session's answer, after everything has been run."""
        start = self.plan.start
        first = {"run": run, "block": self.plan.block(start), "step": start, "at": [], "home": True, "params": params}
        return self.run_session(dict(first, answerWithin=0))

    def run_session(self, envelope):
        """A session's answer, after it and all that it launched have been run."""
        answers = []
        turns = deque([(self.clock.now(), self._session(envelope, answers))])
        while turns or self.sessions:
            while self.sessions:
                turns.append((self.clock.now(), self._session(self.sessions.popleft(), [])))
            earliest = min(wake for wake, _ in turns)
            self.clock.skipped += max(0.0, earliest - self.clock.now())
            wake, session = turns.popleft()
            if wake <= self.clock.now():
                wake = next(session, None)
            if wake is not None:
                turns.append((wake, session))
        return answers[0] if answers else None

    def _session(self, envelope, answers):
        """Yields, after each component, when the next one may start."""
        used = 0
        while envelope.get("block"):
            while envelope.get("wait"):
                pause = min(envelope["wait"], PAUSE_MAX_MS)
                used += 1
                envelope = dict(envelope, used=envelope.get("used", 0) + 1, wait=envelope["wait"] - pause)
                yield self.clock.now() + pause / 1000
            envelope.pop("wait", None)
            used += 1
            assert used <= SESSION_COMPONENTS_MAX, "the platform refuses the 51st component"
            self.components += 1
            number = self.components
            if self.before(number, envelope) == "drop":
                return
            self.log.append(envelope)
            answer = self._activation(number, envelope)
            if self.after(number, envelope) == "drop":
                return
            envelope = answer
            if "call" in envelope:
                used += 1
                given = self.answer(envelope, envelope.pop("call"))
                envelope = dict(envelope, used=envelope.get("used", 0) + 1, answer=given)
            yield self.clock.now()
        answers.append(envelope["result"])

    def _activation(self, number, envelope):
        context = Context(
            plan=self.plan,
            store=self.store,
            layout=RunLayout(self.plan.flow, envelope["run"]),
            clock=self.clock,
            by=f"activation-{number}",
            deadline=self.clock.now() + activation_s(self.plan, envelope),
        )
        session = Session(context, self.container, self, self.environment, "tester")
        answer = session.advance(json.loads(json.dumps(envelope)))
        check_size(answer)
        return answer

    def result(self, run="r1"):
        return self.store.get_json(RunLayout(self.plan.flow, run).result)

    def keys(self, part, run="r1"):
        prefix = RunLayout(self.plan.flow, run).run_prefix
        return [key for key in self.store.list(prefix) if part in key]
