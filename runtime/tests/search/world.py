"""The surroundings of the activations: the store, the conductor, the platform's launches, the clock, the sweeper, and faults.

A state is a tuple of small numbers (see `World`); the values that they stand for are kept once.
"""

from __future__ import annotations

import json
import re
from collections import namedtuple
from typing import TYPE_CHECKING, Any

from nuvopipe_runtime.contract.layout import RunLayout
from nuvopipe_runtime.contract.protocol import CONTINUE_FROM, PARAMETERS_STEP, PARAMETERS_TASK
from nuvopipe_testing.conductor import Conductor, goes_on, launches, pause, waits

from .activation import ME, RUN, Activation, normal
from .flows import EPOCH_MS
from .objects import perform

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from .flows import Flow


EPOCHS_MAX = 5
"""Epoch at which the clock stops. A run needs a few epochs: one for each loss, one after another."""

EPOCHS_TO_END = 3
"""Every run must be able to finish within this many epochs. States nearer to the clock's end are not checked."""

FAULTS = {
    "drop": "a session is lost with its controller, before or after any request",
    "kill": "a container is killed; the conductor enters the envelope again, once",
    "broken": "a container does not start, twice: a stand-in enters the envelope",
    "refuse": "a launch is refused: 429",
    "lose": "a launch is taken, and no session comes of it",
    "double": "a launch makes two sessions",
    "unanswered": "a launch makes a session, and its answer is lost",
    "repeat": "a conditional PUT's answer is lost, and the store's client sends it again",
    "slow": "an epoch passes while activations are under way",
    "tired": "a session's components run out",
    "start": "a client starts the run once more",
    "cancel": "a client cancels the run",
}

State = namedtuple("State", "store epoch left spawned procs")
"""`left`: remaining faults by kind. `procs`: the sessions, sorted unless they have names. Stores and sessions are numbers."""

Proc = namedtuple("Proc", "activation turn wake name")
"""A session in one of its activations. `wake`: the epoch before which it does nothing. An activation is named by `name`, its
session's, and `turn`; both stay 0 if names do not matter."""

Local = namedtuple("Local", "envelope answers")

Facts = namedtuple("Facts", "proc envelope answers activation request is_starting is_guard is_sweep is_droppable")
"""Facts about a session that are needed repeatedly."""

LAYOUT = RunLayout("F", RUN)
EXECUTED, DISTURBED = "executed/", "disturbed"
BY = re.compile(rb'"by":"[^"]*"')
ANYONE = b'"by":"-"'
MINE = b'"by":"%s"' % ME.encode()
READS = {"get", "exists", "list", "markers"}
IMMUTABLE = re.compile(r"/(commit|open|run\.json|failed/\d+)$")

Times = namedtuple("Times", "live last has_begun has_result")

NEVER_BEGAN = "never began"
"""The status of a run that was lost before anything was stored: its client got no answer and starts it again."""

CLAIM = re.compile(r"/(join|claims/\d+)$")


class Violation(Exception):
    """A property that does not hold, by its `name`."""

    def __init__(self, name: str, detail: str) -> None:
        super().__init__(f"{name}: {detail}")
        self.name = name


class World:
    """`faults`: how often each kind may happen. `droppable(envelope)`: sessions that the fault `drop` can hit.

    `is_coarse`: a session makes all reads between two of its writes at one arbitrary instant. This reduces the number of states
    by an order of magnitude. It misses sessions that read one object before and another one after a write of another session.
    """

    def __init__(
        self,
        flow: Flow,
        faults: Mapping[str, int] | None = None,
        sweeps: bool = True,
        is_racy: bool = False,
        droppable: Callable[[dict[str, Any]], bool] | None = None,
        is_coarse: bool = True,
        epochs: int = EPOCHS_MAX,
    ) -> None:
        self.flow = flow
        self.sweeps = sweeps
        self.is_racy = is_racy
        self.is_coarse = is_coarse
        self.epochs = epochs
        self.droppable = droppable or (lambda envelope: True)
        self.kinds = sorted(faults or {})
        self.index = {kind: number for number, kind in enumerate(self.kinds)}
        self.budget = tuple((faults or {})[kind] for kind in self.kinds)
        self.is_named = "repeat" in self.index
        """Whether names matter. If not, sessions only check whether an object exists, not whose it is."""
        self.activations, self._activation_ids = [], {}
        self.procs, self._proc_ids = [], {}
        self.stores, self._store_ids = [], {}
        self._effects = {}
        self._reads = {}
        self._afters = {}
        self._times = {}
        self._begun = {}
        self.conductor = Conductor.of(flow, ["stand-in"] if "broken" in self.index else [])
        self._first = normal(self._enter(run=RUN))
        self._sweep = normal({"run": RUN, "block": "b", "step": flow.start, "at": [], "sweep": True})
        self._invocations = {"start": self._first, "cancel": normal(self._enter(cancel=RUN))}

    def _enter(self, **given: Any) -> dict[str, Any]:
        """The envelope that the conductor makes for a client that does not wait."""
        return {**self.conductor.enter(given, new_run=None), "answerWithin": 0}

    # ------------------------------------------------------------------ numbers and their values

    def _store_id(self, content: dict[str, bytes]) -> int:
        key = frozenset(content.items())
        if key not in self._store_ids:
            self._store_ids[key] = len(self.stores)
            self.stores.append(content)
        return self._store_ids[key]

    def _proc_id(self, envelope: str, answers: tuple[Any, ...], turn: int, wake: int, name: int) -> int:
        local = Local(envelope, answers)
        if local not in self._activation_ids:
            self._activation_ids[local] = len(self.activations)
            self.activations.append((local, Activation(self.flow, *local, self.is_racy)))
        proc = Proc(self._activation_ids[local], turn, wake, name)
        if proc not in self._proc_ids:
            self._proc_ids[proc] = len(self.procs)
            self.procs.append(self._facts(proc))
        return self._proc_ids[proc]

    def _facts(self, proc: Proc) -> Facts:
        local, activation = self.activations[proc.activation]
        envelope = json.loads(local.envelope)
        return Facts(
            proc,
            *local,
            activation,
            activation.request,
            # The activation has only read the clock so far.
            all(type(answer) is int for answer in local.answers),
            envelope.get("guard") is not None and not launches(envelope),
            bool(envelope.get("sweep")),
            self.droppable(envelope),
        )

    # ------------------------------------------------------------------ sessions

    def first(self) -> State:
        # If several sessions can hold one claim, executing a task twice is expected.
        empty = self._store_id({DISTURBED: b""} if self.is_racy else {})
        return self._spawn(State(empty, 0, self.budget, 0, ()), self._first)

    def _spawn(self, state: State, envelope: str) -> State:
        proc = self._begin(envelope, state.epoch, 0, state.spawned if self.is_named else 0)
        spawned = state.spawned + self.is_named
        return state._replace(procs=self._order((*state.procs, proc)), spawned=spawned)

    def _order(self, procs: tuple[int, ...]) -> Any:
        return procs if self.is_named else tuple(sorted(procs))

    def _begin(self, text: str, epoch: int, turn: int, name: int) -> int | None:
        """Begins a session's next component, after its pause."""
        key = text, epoch, turn, name
        if key not in self._begun:
            self._begun[key] = self._begin_anew(*key)
        return self._begun[key]

    def _begin_anew(self, text: str, epoch: int, turn: int, name: int) -> int | None:
        envelope, waited_ms = json.loads(text), 0
        while waits(envelope) and not launches(envelope):
            ms, envelope = pause(envelope)
            waited_ms += ms
        is_guard = envelope.get("guard") is not None
        wake = epoch + -(-waited_ms // EPOCH_MS) if waited_ms and not is_guard else 0
        return self._go_on(normal(envelope), (), epoch, turn, wake, name)

    def _go_on(self, envelope: str, answers: tuple[Any, ...], epoch: int, turn: int, wake: int, name: int) -> int | None:
        """Returns the session's number after an answer; None if it has ended. Reading the clock is not a step."""
        number = self._proc_id(envelope, answers, turn, wake, name)
        activation = self.procs[number].activation
        if activation.request == ("now",):
            return self._go_on(envelope, (*answers, epoch), epoch, turn, wake, name)
        if activation.error is not None:
            raise Violation("no session errs", activation.error)
        if activation.following is not None:
            following = activation.following
            # All looks of a guard are equal, and none depends on whose a claim is.
            turn += self.is_named and following.get("guard") is None
            return self._begin(normal(following), epoch, turn, name) if goes_on(following) or launches(following) else None
        return number

    def _die(self, envelope: str, deaths: int, epoch: int, turn: int, name: int) -> int | None:
        """Returns a session's number after its step action has died this many times without doing anything more."""
        entered = json.loads(envelope)
        for _ in range(deaths):
            entered = self.conductor.die(entered, "killed")
        return self._go_on(normal(entered), (), epoch, turn + self.is_named, 0, name) if goes_on(entered) else None

    def _answer(self, state: State, position: int, value: Any) -> Any:
        """Returns the state after a session's request was answered."""
        return self._replace(state, position, self._after(state.procs[position], value, state.epoch))

    def _after(self, number: int, answer: Any, epoch: int) -> Any:
        """Returns the number of a session after an answer."""
        key = number, answer, epoch
        if key not in self._afters:
            (activation, turn, wake, name), envelope, answers, *_ = self.procs[number]
            self._afters[key] = self._go_on(envelope, (*answers, answer), epoch, turn, wake, name)
        return self._afters[key]

    def _replace(self, state: State, position: int, number: int | None) -> Any:
        rest = state.procs[:position] + state.procs[position + 1 :]
        if number is None:
            return state._replace(procs=rest)
        return state._replace(procs=self._order((*state.procs[:position], number, *state.procs[position + 1 :])))

    # ------------------------------------------------------------------ what can happen

    def successors(self, state: State) -> Iterator[Any]:
        """Yields `(label, is fault, state)`, with a `Violation` in place of a broken state. `tell` makes the label readable."""
        if self.is_coarse and self.is_over(state):
            return
        for position in range(len(state.procs)):
            if self._is_alone(state, position):
                yield from self._steps(state, position, True)
                if self.procs[state.procs[position]].request[0] == "launch":
                    yield from self._losses(state, position)
                return
        for position, number in enumerate(state.procs):
            if number in state.procs[:position] and not self.is_named:
                continue
            if self.procs[number].proc.wake <= state.epoch:
                yield from self._steps(state, position, False)
            yield from self._losses(state, position)
        yield from self._surroundings(state)

    def _is_alone(self, state: State, position: int) -> bool:
        """Whether a session's next request neither affects the others nor depends on them. Then it is done at once."""
        facts = self.procs[state.procs[position]]
        if facts.proc.wake > state.epoch:
            return False
        kind, *rest = facts.request
        if kind == "execute" or (kind == "launch" and not self._launch_faults & self.index.keys()):
            return True
        if kind not in ("get", "exists") or rest[0] not in self.stores[state.store]:
            return False
        # After a failed claim, a session reads it to see whether the claim is its own. Without names it never is.
        is_own = not self.is_named and facts.answers and facts.answers[-1] is False and CLAIM.search(rest[0])
        return bool(is_own or IMMUTABLE.search(rest[0]))

    _launch_faults = {"refuse", "lose", "double", "unanswered"}

    def _spend(self, state: State, kind: str) -> Any:
        """Returns the state with one fault of the kind less; None if none is left."""
        at = self.index.get(kind)
        if at is None or state.left[at] == 0:
            return None
        if state.left == self.budget:
            state = self._undisturbed_no_more(state)
        return state._replace(left=(*state.left[:at], state.left[at] - 1, *state.left[at + 1 :]))

    def _undisturbed_no_more(self, state: State) -> Any:
        """Stops counting executions: something has gone wrong, or a sweep has entered the run."""
        content = self.stores[state.store]
        if DISTURBED in content:
            return state
        kept = {key: value for key, value in content.items() if not key.startswith(EXECUTED)}
        return state._replace(store=self._store_id({**kept, DISTURBED: b""}))

    def _steps(self, state: State, position: int, alone: bool) -> Iterator[Any]:
        kind, *rest = self.procs[state.procs[position]].request
        label = (kind, state.procs[position], *rest[:1])
        if kind == "launch":
            yield from self._launches(state, position, rest[0])
            return
        yield label, False, self._caught(self._read if self.is_coarse and kind in READS else self._perform, state, position)
        if kind in ("create", "replace") and not alone:
            spent = self._spend(state, "repeat")
            if spent:
                yield ("repeat", *label), True, self._caught(self._perform_twice, spent, position)

    @staticmethod
    def _caught(function: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return function(*arguments)
        except Violation as violation:
            return violation

    def _launches(self, state: State, position: int, envelope: str) -> Iterator[Any]:
        def after(state: State, sessions: Any, answer: Any) -> Any:
            # Sorting changes positions, so the answer comes first.
            state = self._answer(state, position, answer)
            for _ in range(sessions):
                state = self._spawn(state, envelope)
            return state

        number = state.procs[position]
        yield ("launch", number, envelope), False, self._caught(after, state, 1, True)
        for kind, sessions, answer in (("refuse", 0, False), ("lose", 0, True), ("double", 2, True), ("unanswered", 1, False)):
            spent = self._spend(state, kind)
            if spent:
                yield (kind, number, envelope), True, self._caught(after, spent, sessions, answer)

    def _losses(self, state: State, position: int) -> Iterator[Any]:
        number = state.procs[position]
        (_, turn, wake, name), envelope, *_, is_starting, _, _, is_droppable = self.procs[number]
        spent = self._spend(state, "drop")
        if spent and is_droppable:
            yield ("drop", number), True, self._replace(spent, position, None)
        if wake > state.epoch or launches(json.loads(envelope)):
            return
        spent = self._spend(state, "kill")
        if spent:
            yield ("kill", number), True, self._replace(spent, position, self._die(envelope, 1, state.epoch, turn, name))
        spent = self._spend(state, "broken")
        if spent and is_starting:
            yield ("broken", number), True, self._replace(spent, position, self._die(envelope, 2, state.epoch, turn, name))
        spent = self._spend(state, "tired")
        if spent and is_starting and '"used"' not in envelope:
            tired = json.dumps({**json.loads(envelope), "used": CONTINUE_FROM}, sort_keys=True)
            after = self._go_on(tired, (), state.epoch, turn, wake, name)
            yield ("tired", number), True, self._replace(spent, position, after)

    def _surroundings(self, state: State) -> Iterator[Any]:
        times = self._times_of(state.store)
        if times.live is None and times.has_result:
            return
        looks = [self.procs[number] for number in state.procs]
        now = state.epoch * EPOCH_MS
        if self.sweeps and times.live is not None and times.live <= now:
            if not times.has_begun:
                # The sweeper gives beginning runs ten minutes, and no activation takes that long.
                if not looks:
                    gone = {key: value for key, value in self.stores[state.store].items() if key != LAYOUT.live}
                    yield ("remove",), False, state._replace(store=self._store_id(gone))
            elif not any(facts.is_sweep for facts in looks):
                yield ("sweep",), False, self._caught(self._spawn, self._undisturbed_no_more(state), self._sweep)
        if any(facts.proc.wake > state.epoch for facts in looks) or times.last > now:
            later = state._replace(epoch=state.epoch + 1)
            if state.epoch >= self.epochs:
                pass
            elif all(facts.proc.wake > state.epoch or (facts.is_starting and facts.is_guard) for facts in looks):
                yield ("tick",), False, later
            else:
                spent = self._spend(later, "slow")
                if spent:
                    yield ("slow",), True, spent
        for kind, envelope in self._invocations.items():
            spent = self._spend(state, kind)
            if spent:
                yield (kind,), True, self._caught(self._spawn, spent, envelope)

    def _times_of(self, store: int) -> Any:
        """Facts of a store: when the run's lease and the last lease expire, and which objects of the run exist."""
        if store not in self._times:
            content = self.stores[store]
            live = content.get(LAYOUT.live)
            last = max((json.loads(value)["expires"] for value in content.values() if b'"expires":' in value), default=0)
            live = None if live is None else json.loads(live)["expires"]
            self._times[store] = Times(live, last, LAYOUT.run in content, LAYOUT.result in content)
        return self._times[store]

    # ------------------------------------------------------------------ the store

    def _perform(self, state: State, position: int) -> Any:
        store, answer = self._effect(state.store, state.procs[position])
        return self._answer(state._replace(store=store), position, answer)

    def _read(self, state: State, position: int) -> Any:
        """Answers all reads of a session before its next write."""
        number = state.procs[position]
        key = state.store, number, state.epoch
        if key not in self._reads:
            self._reads[key] = self._read_all(state.store, number, state.epoch)
        return self._replace(state, position, self._reads[key])

    def _read_all(self, store: int, number: int, epoch: int) -> Any:
        while True:
            _, answer = self._effect(store, number)
            number = self._after(number, answer, epoch)
            if number is None:
                return None
            facts = self.procs[number]
            pauses = "tired" in self.index or facts.proc.wake > epoch or facts.is_guard
            if facts.request[0] not in READS or (facts.is_starting and pauses):
                return number

    def _perform_twice(self, state: State, position: int) -> Any:
        store, _ = self._effect(state.store, state.procs[position])
        return self._perform(state._replace(store=store), position)

    def _effect(self, store: int, number: int) -> Any:
        """Returns `(store, answer)` of a request."""
        (_, turn, _, name), *_ = facts = self.procs[number]
        by = b'"by":"s%d.%d"' % (name, turn) if self.is_named else ANYONE
        key = store, facts.request, by, facts.is_guard
        if key not in self._effects:
            content = self.stores[store]
            changed, answer = self._apply(content, facts.request, by)
            if changed is not content and facts.is_guard and facts.request[0] == "replace" and DISTURBED not in content:
                raise Violation("undisturbed, nothing is taken over", facts.request[1])
            self._effects[key] = store if changed is content else self._store_id(changed), answer
        return self._effects[key]

    def _apply(self, content: dict[str, bytes], request: tuple[Any, ...], name: int) -> tuple[Any, Any]:
        """Returns `(content, answer)` of a request."""
        kind, key, *rest = request
        if kind == "execute":
            return self._executed(content, (key, *rest)), True
        if kind == "markers":
            return content, tuple(sorted({LAYOUT.result, LAYOUT.failed, LAYOUT.cancelled} & content.keys()))
        if kind == "replace" and BY.sub(ANYONE, content.get(key, b"")) == BY.sub(ANYONE, rest[1]):
            rest[1] = content[key]
        changed, answer = perform(content, kind, key, *(data.replace(MINE, name) for data in rest))
        if kind == "get" and answer is not None and self.is_named:
            return content, answer.replace(name, MINE)
        if changed is not content:
            self._check_change(content, kind, key)
        return changed, answer

    def _check_change(self, content: dict[str, bytes], kind: str, key: str) -> None:
        """Checks the properties of the objects before one of them changes."""
        if kind == "delete":
            is_live = LAYOUT.result not in content and LAYOUT.commit(PARAMETERS_STEP, PARAMETERS_TASK) in content
            if key == LAYOUT.live and is_live:
                raise Violation("the index knows every run without a result", "the entry of a live run is deleted")
            return
        if kind != "replace" and key.endswith("/join"):
            opener, task = key.split("/")[-3:-1]
            for item, last in self._missing(content, opener, task, must_be_ok=False):
                raise Violation("I2 one join", f"that of {opener}/{task} is claimed, and {last} of item {item} is missing")
        if kind != "write" and key in content and (key.endswith("/commit") or key == LAYOUT.result):
            raise Violation("I1 one result", f"{key} is written again")

    def _executed(self, content: dict[str, bytes], attempt: Any) -> Any:
        step, task, number = attempt
        if "joins" in self.flow.steps[step]:
            opener = self.flow.steps[step]["joins"]
            for item, last in self._missing(content, opener, task, must_be_ok=True):
                raise Violation("I2 one join", f"{step}/{task} is executed, and {last} of item {item} has not succeeded")
        if DISTURBED in content:
            return content
        key = f"{EXECUTED}{step}/{task}/{number}"
        if key in content:
            raise Violation("undisturbed, every attempt is executed once", key)
        return {**content, key: b""}

    def _missing(self, content: dict[str, bytes], opener: str, task: str, must_be_ok: bool) -> Iterator[Any]:
        """Returns items of a pool that are not done: `(item, task of its last step)`."""
        for item, (last, of) in enumerate(self.flow.items_of(opener, task)):
            committed = content.get(LAYOUT.commit(last, of))
            is_done = committed is not None and (json.loads(committed)["ok"] or not must_be_ok)
            if not is_done and LAYOUT.failed_item(opener, task, item) not in content:
                yield item, f"{last}/{of}"

    # ------------------------------------------------------------------ reading states

    def status(self, state: State) -> str | None:
        """The status in the run's result; None if there is no result yet."""
        result = self.stores[state.store].get(LAYOUT.result)
        if result is None:
            return None
        result = json.loads(result)
        never_began = "lost before its parameters were kept" in result.get("error", {}).get("message", "")
        return NEVER_BEGAN if never_began else result["status"]

    def is_over(self, state: State) -> bool:
        content = self.stores[state.store]
        if LAYOUT.run not in content and not state.procs:
            return LAYOUT.live not in content  # it never began
        return LAYOUT.result in content and (LAYOUT.live not in content or not self.sweeps)

    def must_finish(self, state: State) -> bool:
        return state.epoch + EPOCHS_TO_END <= self.epochs

    def tell(self, label: Any) -> Any:
        """A line of a counterexample."""
        kind, *rest = label
        words = []
        for part in rest:
            if isinstance(part, int):
                envelope = json.loads(self.procs[part].envelope)
                shown = {key: value for key, value in envelope.items() if key not in ("run", "block")}
                words.append(f"session {json.dumps(shown)}")
            else:
                words.append(str(part).replace(LAYOUT.run_prefix, ""))
        return f"{kind:10} " + "  ".join(words)
