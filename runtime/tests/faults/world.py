"""Flows on a simulated platform of which every call can be made to fail: S3's, the launches, the activations, the waits.

Sessions, guard, sweep and store client are the runtime's own. Time is simulated, all calls come in the same order every time,
so a fault can be asked for by the number of its call.
"""

import json
import threading
from collections import Counter, deque
from concurrent.futures import Future

from obstore.exceptions import GenericError
from obstore.store import MemoryStore

from nuvopipe_runtime.clock import Clock
from nuvopipe_runtime.context import Context
from nuvopipe_runtime.contract.layout import RunLayout
from nuvopipe_runtime.contract.openwhisk import SESSION_COMPONENTS_MAX
from nuvopipe_runtime.contract.protocol import ENVELOPE_KEY, PAUSE_MAX_MS
from nuvopipe_runtime.envelope import check_size
from nuvopipe_runtime.protocol.session import Session
from nuvopipe_runtime.store import Lost, Store, explain
from nuvopipe_runtime.sweeper import Sweeper
from nuvopipe_testing.simulation import Container, activation_s, launched_in_turn, task_environment

EPOCH_S = 4_000_000_000
"""When simulated time begins: later than any real clock, by which the real executor ends its tasks."""

REQUEST_S, ACTIVATION_S = 0.002, 0.01
LAUNCH_TIMEOUT_S = 20
SWEEP_AFTER_S = 3_600
"""Longer than any lease."""

SWEEPS_MAX = 50
"""Of a run with many faults."""

READS = ("get", "exists", "list")
CONDITIONAL = ("create", "replace")
KINDS = {
    **{operation: ("fails", "killed", "slow", "frozen") for operation in READS},
    **{operation: ("fails", "unanswered", "killed", "slow", "frozen") for operation in ("put", "delete")},
    **{operation: ("fails", "unanswered", "repeated", "killed", "slow", "frozen", "raced") for operation in CONDITIONAL},
    "begin": ("lost", "doubled"),
    "launch": ("lost", "doubled", "refused", "unanswered"),
    "start": ("lost", "doubled", "refused", "unanswered"),
    "activation": ("session dropped before", "session dropped after", "answer lost", "cannot start"),
    "wait": ("fails",),
    "call": ("fails", "session dropped after"),
}
"""What may happen to a call.

fails: nothing was done, and the caller learns it. unanswered: it was done, and the caller learns of a failure. repeated: the
client has sent it twice by itself, because the first answer was a 500. killed: the container ends there. slow: it is done ten
minutes later, after everybody else has gone on. frozen: it is done after a sweep. raced: the store has looked before, and
writes after everybody else has gone on, whatever is there by then. lost: OpenWhisk took it, and forgot it. cannot start: the
step's action dies before it sees the envelope, and again: a stand-in settles the step.
"""

HELD = ("slow", "frozen", "raced")
"""What needs the activation to be held while others go on."""


EXITED = "The action did not produce a valid response and exited unexpectedly."
"""OpenWhisk's words for a container that is gone."""


class Killed(BaseException):
    """The container is gone: nothing of the runtime gets to handle this."""


class SimulatedClock(Clock):
    def __init__(self):
        self.time = float(EPOCH_S)

    def now(self):
        return self.time

    def sleep(self, seconds):
        self.time += seconds


class Activation:
    """One call of a step action, in a thread of its own where it may have to be held."""

    def __init__(self, world, flow, number, envelope):
        self.world = world
        self.flow = flow
        self.number = number
        self.envelope = envelope
        self.container = flow.take_container()
        self.killed = False
        self.held = None
        """Why, while it is: one of `HELD`."""
        self._stopped, self._go_on = threading.Semaphore(0), threading.Semaphore(0)
        self.outcome = None

    def run(self):
        """`(answer, error)`, or None when it is held."""
        if not self.world.may_hold:
            return self._advance()
        thread = threading.Thread(target=self._in_thread, daemon=True)
        thread.start()
        self._stopped.acquire()
        return self.outcome

    def hold(self, kind):
        self.held = kind
        self._stopped.release()
        self._go_on.acquire()

    def go_on(self):
        self.held = None
        self._go_on.release()
        self._stopped.acquire()
        return self.outcome

    def _in_thread(self):
        self.outcome = self._advance()
        self._stopped.release()

    def _advance(self):
        world, flow = self.world, self.flow
        context = Context(
            plan=flow.plan,
            store=View(self),
            layout=RunLayout(flow.plan.flow, self.envelope["run"]),
            clock=world.clock,
            by=f"activation-{self.number}",
            deadline=world.clock.now() + activation_s(flow.plan, self.envelope),
        )
        session = Session(context, self.container, flow, task_environment(world.root), "tester")
        try:
            answer = session.advance(json.loads(json.dumps(self.envelope)))
            check_size(answer)
        except Killed:
            return None, EXITED
        except Exception as error:
            if not isinstance(error, GenericError) and "could not be stored" not in str(error):
                world.problems.append(f"activation {self.number}: {type(error).__name__}: {error}")
            flow.give_back(self.container)
            return None, explain(error)[:300]
        if self.killed:
            return None, EXITED
        flow.give_back(self.container)
        return answer, None


class View(Store):
    """The store as one activation has it: its requests can fail, and end with it."""

    def __init__(self, activation):
        super().__init__(activation.world.objects, "", activation.world.root, "the store's secret")
        self._activation = activation

    def _ask(self, operation, key, work, race=None):
        return self._activation.world.request(self._activation, operation, key, work, race)

    def _race(self, key, data, e_tag=None):
        """What a store that checks first and writes later makes of a conditional PUT: the check, and the write."""
        found = super().get(key)
        if (e_tag is None) != (found is None) or (found and found[2] != e_tag):
            raise Lost(key)
        return lambda: super(View, self).put(key, data)

    def put(self, key, *arguments):
        return self._ask("put", key, lambda: super(View, self).put(key, *arguments))

    def create(self, key, data):
        work = lambda: super(View, self).create(key, data)  # noqa: E731
        return self._ask("create", key, work, lambda: self._race(key, data))

    def replace(self, key, data, e_tag):
        work = lambda: super(View, self).replace(key, data, e_tag)  # noqa: E731
        return self._ask("replace", key, work, lambda: self._race(key, data, e_tag))

    def delete(self, key):
        return self._ask("delete", key, lambda: super(View, self).delete(key))

    def get(self, key):
        return self._ask("get", key, lambda: super(View, self).get(key))

    def exists(self, key):
        return self._ask("exists", key, lambda: super(View, self).exists(key))

    def list(self, prefix):
        return self._ask("list", prefix, lambda: super(View, self).list(prefix))

    def list_stem(self, stem):
        return self._ask("list", stem, lambda: super(View, self).list_stem(stem))

    def names(self, prefix):
        return self._ask("list", prefix, lambda: super(View, self).names(prefix))

    def submit(self, function, *arguments):
        future = Future()
        try:
            future.set_result(function(*arguments))
        except (Exception, Killed) as error:
            future.set_exception(error)
        return future

    def parallel(self, calls):
        return [future.result() for future in [self.submit(*call) for call in calls]]


class Flow:
    """One deployed flow: its containers, and the launcher of its sessions."""

    def __init__(self, world, plan, new_executor):
        self._world = world
        self.plan = plan
        self._new_executor = new_executor
        self._idle = []
        self.is_crowded = False

    def take_container(self):
        return self._idle.pop() if self._idle else Container(self.plan, self._new_executor(self.plan, self._world))

    def give_back(self, container):
        self._idle.append(container)

    def launch(self, envelope):
        return self._world.platform_call("launch", self, json.loads(json.dumps(envelope))) is None

    def launch_all(self, envelopes):
        return launched_in_turn(self.launch, envelopes)

    def start(self, action, arguments):
        """Another flow, or one of its runs: by the name of the flow, or that of the conductor of its one version here."""
        flow = action.partition(".steps/")[0]
        return self._world.platform_call("start", self._world.flows[flow], self._world.entered(flow, arguments))


class World:
    """The flows of some plans. `new_executor(plan, world)` makes what executes a container's tasks."""

    def __init__(self, plans, new_executor, may_hold=False, sweep_every_s=None):
        self.objects = MemoryStore()
        self.root = "s3://bucket/root"
        self.store = Store(self.objects, "", self.root)
        """For who looks on: its requests are nobody's."""
        self.fault = lambda call, operation, key: None
        """Names what happens to a call, one of `KINDS`; None lets it be."""
        self.is_repaired = False
        """The steps that were broken work."""
        self.clock = SimulatedClock()
        self.flows = {plan.flow: Flow(self, plan, new_executor) for plan in plans}
        self.may_hold = may_hold
        self.sweeps = 0
        self.sweep_every_s = sweep_every_s
        """How often there is a sweep, beside the one that comes when nothing goes on by itself."""
        self.calls = []
        """Operation and key of each call so far."""
        self.faults = Counter()
        self.problems = []
        self.executed_again = []
        """Tasks that were committed before they began."""
        self.given_up = []
        """Sessions that the conductor ended because a stand-in died, too."""
        self._launched = deque()
        self._turns = deque()
        self._held = []
        self._activations = 0
        self._next_sweep = self.clock.now() + SWEEP_AFTER_S

    # ------------------------------------------------------------------ calls, and what happens to them

    def _happens(self, operation, key):
        call = len(self.calls)
        self.calls.append((operation, key))
        kind = self.fault(call, operation, key)
        if kind is not None:
            self.faults[operation, kind] += 1
        return kind

    def request(self, activation, operation, key, work, race=None):
        if activation.killed:
            raise Killed
        self.clock.sleep(REQUEST_S)
        kind = self._happens(operation, key)
        if kind is None:
            return work()
        if kind == "fails":
            raise GenericError("Generic S3 error: 503 SlowDown, after all retries")
        if kind == "killed":
            activation.killed = True
            raise Killed
        if kind == "raced":
            write = race()
            activation.hold(kind)
            return write()
        if kind in HELD:
            if operation in READS:
                found = work()
                activation.hold(kind)
                return found
            activation.hold(kind)
            return work()
        work()
        if kind == "repeated":
            raise Lost(key)
        raise GenericError("Generic S3 error: the connection was reset")

    def platform_call(self, operation, flow, envelope):
        """None when the platform says that it took it."""
        kind = self._happens(operation, envelope.get("step"))
        if kind == "refused":
            return "later"
        if kind != "lost":
            self._launched.append((flow, envelope))
        if kind == "doubled":
            self._launched.append((flow, json.loads(json.dumps(envelope))))
        if kind == "unanswered":
            self.clock.sleep(LAUNCH_TIMEOUT_S)
            return "later"
        return None

    # ------------------------------------------------------------------ sessions

    def first(self, flow, run, wait=0, **params):
        """A run's first envelope."""
        return {**self._entry(flow, run), "home": True, "params": params, "answerWithin": wait}

    def entered(self, flow, arguments):
        """The envelope that a conductor makes of what it is invoked with; see `enter` in `src/compiler/composition.ts`."""
        if ENVELOPE_KEY in arguments:
            return arguments[ENVELOPE_KEY]
        if "cancel" in arguments:
            return {**self._entry(flow, arguments["cancel"]), "home": True, "cancel": True}
        given = dict(arguments)
        origin = {"origin": [given.pop("resume")]} if "resume" in given else {}
        return {**self.first(flow, **given), **origin}

    def _entry(self, flow, run):
        plan = self.flows[flow].plan
        return {"run": run, "block": plan.block(plan.start), "step": plan.start, "at": []}

    def start(self, flow, run, **more):
        """As a client does it."""
        kind = self._happens("begin", flow)
        envelope = {**self.first(flow, run), **more}
        for _ in range({"lost": 0, "doubled": 2}.get(kind, 1)):
            self._begin(flow, envelope)

    def _begin(self, flow, envelope):
        self._launched.append((self.flows[flow], json.loads(json.dumps(envelope))))

    def run(self, is_over):
        """Until nothing goes on by itself; then what was held goes on; and one sweep, if it is not over by then."""
        self._run_all()
        self._let_go("slow")
        self._let_go("raced")
        sweeps = 0
        while self._held or (not is_over() and sweeps < (SWEEPS_MAX if self.sweep_every_s else 1)):
            self.sweep()
            self._run_all()
            sweeps += 1
            if self._held:
                self._let_go("frozen")
                sweeps = 0

    def sweep(self):
        """As the sweeper does it, once every lease has run out."""
        self.clock.time = max(self.clock.time, self._next_sweep)
        self._next_sweep = self.clock.time + (self.sweep_every_s or SWEEP_AFTER_S)
        self.sweeps += 1
        swept = []
        Sweeper(self.store, lambda *start: swept.append(start), self.clock, self.clock.now() + 60).sweep()
        for flow, arguments in sorted(swept, key=str):
            self._begin(flow, arguments[ENVELOPE_KEY])

    def _let_go(self, kind):
        for held in [held for held in self._held if held[0].held == kind]:
            self.clock.sleep(600)
            self._held.remove(held)
            activation, session = held
            activation.go_on()
            self._turns.append((self.clock.now(), session))
        self._run_all()

    def _run_all(self):
        while self._turns or self._launched:
            while self._launched:
                self._turns.append((self.clock.now(), self._session(*self._launched.popleft())))
            self.clock.time = max(self.clock.time, min(wake for wake, _ in self._turns))
            if self.clock.time > self._next_sweep and (self.sweep_every_s or self.sweeps == 0):
                self.sweep()
            wake, session = self._turns.popleft()
            if wake <= self.clock.now():
                wake = next(session, None)
                if isinstance(wake, Activation):
                    self._held.append((wake, session))
                    continue
            if wake is not None:
                self._turns.append((wake, session))

    def _session(self, flow, envelope):
        """As `src/compiler/composition.ts` has it. Yields when it goes on, or the activation that is held."""
        used = 0
        while envelope.get("block"):
            while envelope.get("wait"):
                pause = min(envelope["wait"], PAUSE_MAX_MS)
                used += 1
                envelope = dict(envelope, used=envelope.get("used", 0) + 1, wait=envelope["wait"] - pause)
                if self._happens("wait", envelope.get("step")) is None:
                    yield self.clock.now() + pause / 1000
            envelope.pop("wait", None)
            used += 1
            if used > SESSION_COMPONENTS_MAX:
                self.problems.append("a session has come to its 51st component")
                return
            kind = self._happens("activation", envelope.get("step"))
            if kind == "session dropped before":
                return
            if kind == "cannot start":
                used += 2
                died = {"died": "Failed to pull container image", "standIn": 1}
                envelope = {**envelope, **died, "used": envelope.get("used", 0) + 2}
                yield self.clock.now()
                kind = None
            saved = envelope
            self._activations += 1
            self.clock.sleep(ACTIVATION_S)
            activation = Activation(self, flow, self._activations, envelope)
            outcome = activation.run()
            if outcome is None:
                yield activation
                outcome = activation.outcome
            answer, error = outcome
            if kind == "session dropped after":
                return
            if kind == "answer lost":
                error = "the action's result was lost"
            if error is not None:
                if "died" in saved and "standIn" in saved:
                    self.given_up.append(error)
                    return
                more = {"standIn": 1} if "died" in saved else {}
                envelope = dict(saved, died=error, used=saved.get("used", 0) + 1, **more)
                yield self.clock.now()
                continue
            envelope = answer
            if "call" in envelope:
                used += 1
                kind = self._happens("call", envelope["step"])
                given = {"error": "busy"} if kind == "fails" else {"result": envelope["call"]}
                del envelope["call"]
                if kind == "session dropped after":
                    return
                envelope = dict(envelope, used=envelope.get("used", 0) + 1, answer=given)
            yield self.clock.now()
