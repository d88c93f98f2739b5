# Made by nuvopipe from all.yaml. It runs by itself: python flow.py run

import json
import os
import time
from collections.abc import Mapping
from collections.abc import Sequence
from itertools import islice

import metaflow
from metaflow.flowspec import INTERNAL_ARTIFACTS_SET

_HIDDEN = {*INTERNAL_ARTIFACTS_SET, "_turns", "_catch_exception", "_items_foreach"}


def _why_missing(self, name):
    """Returns why an artifact is missing if a join dropped it; otherwise None."""
    info = self._datastore._info.get(name, {}) if self._datastore else {}
    if "dropped" not in info:
        return None
    return f'the join "{info["dropped"]}" dropped "{name}", because {info["why"]}; set self.{name} in the join'


def _check_items(self, step, artifact, may_be_empty=False):
    """Checks that a foreach iterates over a list, or a value with length and index like one. False if it is empty."""
    try:
        items = getattr(self, artifact)
    except AttributeError:
        why = _why_missing(self, artifact) or "there is no such artifact"
        raise AttributeError(f'step {step}: the foreach iterates over "{artifact}", but {why}') from None
    if not _is_list(items):
        raise TypeError(
            f'step {step}: the foreach iterates over "{artifact}", which must be a list but is '
            + ("None" if items is None else f"of type {type(items).__name__}")
        )
    if len(items) == 0 and not may_be_empty:
        raise ValueError(
            f'step {step}: the foreach iterates over "{artifact}", which is an empty list; it needs at least one item'
        )
    return len(items) > 0


def _is_list(items):
    """Whether a value is a list, tuple, range or the like, or an array or series of a library, but not a table."""
    if isinstance(items, Sequence):
        return not isinstance(items, (str, bytes, bytearray))
    return (getattr(items, "ndim", 0) > 0 or hasattr(items, "to_list")) and not hasattr(items, "columns")


_UNORDERED = {str(kind) for kind in (set, frozenset, dict, list, tuple)}
_COMPARED_MAX_BYTES = 256 << 10


def _keep(self, inputs, step, dropped=(), branches=None, failed=()):
    """Keeps artifacts that the inputs agree on; returns the names of those on which they newly disagree."""
    inputs = list(inputs)
    own = {*_HIDDEN, *vars(self), *dir(type(self))}
    found, same, lost, new = {}, {}, {}, []
    for each in inputs:
        lost.update({name: info for name, info in each._datastore._info.items() if "dropped" in info})
    for index, each in enumerate(inputs):
        for name, sha in each._datastore.items():
            first, known = found.get(name, (index, ()))
            if sha in known or name in lost or name in own:
                continue
            if name in dropped:
                lost[name] = {"dropped": step, "why": "each item has its own value"}
            elif not known:
                found[name] = index, {sha}
            elif _is_same(inputs[first], each, name, same):
                known.add(sha)
            else:
                pair = _input_names(inputs, (first, index), branches, failed)
                lost[name] = {"dropped": step, "why": f"{pair} have different values of it"}
                new.append(name)
    for name, (index, _) in found.items():
        if name not in lost:
            self._datastore.passdown_partial(inputs[index]._datastore, [name])
    self._datastore._info.update({name: info for name, info in lost.items() if name not in own})
    return new


def _is_same(one, other, name, values):
    """Whether two artifacts with different hashes have the same value, because sets were pickled in another order."""
    ours, theirs = (each._datastore._info[name] for each in (one, other))
    if ours["type"] not in _UNORDERED or ours["type"] != theirs["type"]:
        return False
    size, difference = ours["size"], abs(ours["size"] - theirs["size"])
    if size > _COMPARED_MAX_BYTES or difference * 16 > size:
        return False
    try:
        if name not in values:
            values[name] = one._datastore[name]
        return _is_equal(values[name], other._datastore[name])
    except OSError:
        raise
    except Exception:
        return False  # values that cannot be loaded here or compared


def _is_equal(one, other):
    """Compares two values. 1 and True differ, and only the order of sets does not matter."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return _is_equal(list(one.items()), list(other.items()))
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(_is_equal, one, other))
    return bool(one == other)


def _input_names(inputs, indices, branches, failed):
    if branches is None:
        items = [item for item in range(len(inputs) + len(failed)) if item not in failed]
        return "items " + " and ".join(str(items[index]) for index in indices)
    steps = {inputs[index]._current_step for index in indices}
    return "branches " + " and ".join(f'"{name}"' for step, name in branches.items() if step in steps)


def _failures():
    """Items that failed. nuvopipe's runtime replaces this function; Metaflow itself stops at the first failure."""
    return []


def _pick(step, value, cases, default=None):
    """Returns the label of the case that equals the value."""
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:
        value = value.item()  # a numpy scalar
    for label, case in cases.items():
        if isinstance(case, bool) == isinstance(value, bool) and case == value:
            return label
    if default is None:
        raise ValueError(f"step {step}: the switch has no case for {value!r}, and no default")
    return default


def _pause(seconds, case):
    """Pauses between two turns of a loop. nuvopipe's runtime replaces this function by a pause that needs no container."""
    if case == "turn":
        time.sleep(seconds)
    return case


def _turn(self, loop, wanted, most):
    """Counts a turn of a loop; says whether another one follows."""
    turns = dict(getattr(self, "_turns", {}))
    count = turns.pop(loop, 0) + 1
    goes_on = bool(wanted) and count < most
    if goes_on:
        turns[loop] = count
    self._turns = turns
    return "turn" if goes_on else "done"


def _set_artifacts(self, step, name, result):
    """Sets the items of a result as artifacts."""
    if not isinstance(result, Mapping):
        raise TypeError(
            f"step {step}: {name} returned {'None' if result is None else 'a ' + type(result).__name__}; "
            "it must return a dict, whose items become artifacts"
        )
    for key, value in result.items():
        is_name = isinstance(key, str) and key.isidentifier() and not key.startswith("_")
        if not is_name or hasattr(type(self), key):
            raise TypeError(f"step {step}: {name} returned {key!r}, which cannot be the name of an artifact")
        setattr(self, key, value)


def _artifact(self, step, name):
    try:
        return getattr(self, name)
    except AttributeError:
        why = _why_missing(self, name) or f'there is no artifact or parameter "{name}"'
        raise AttributeError(f"step {step}: {why}") from None


def _text(*parts):
    return "".join(map(_written, parts))


def _written(value):
    """Converts a value to text: JSON values as JSON, all others with `str`."""
    if hasattr(value, "tolist"):
        value = value.tolist()  # numpy and the like
    is_json = value is None or isinstance(value, (bool, int, float, list, tuple, dict))
    return json.dumps(value, default=str) if is_json else str(value)


def _invoke(step, action, arguments):
    """nuvopipe's runtime replaces this function by one that returns the action's answer."""
    raise RuntimeError(f"step {step}: it calls the OpenWhisk action {action}, so the flow only runs with nuvopipe")


def _start_flow(step, flow, arguments, detach=False):
    """nuvopipe's runtime replaces this function by one that returns the flow's outputs."""
    raise RuntimeError(f"step {step}: it starts the flow {flow} on OpenWhisk, so this flow only runs with nuvopipe")


def _beside(path):
    """Returns the path of a file in the same folder as this one."""
    return os.path.join(os.path.dirname(os.path.abspath(__file__)), path)


def _run_prepare(self):
    self.items = [1, 2, 3, 4]
    self.kind = "even"
    self.total = 0


def _run_flaky(self):
    from metaflow import current
    print("attempt", current.retry_count)
    if current.retry_count < 1:
        raise ValueError("not yet")
    self.ratio = float("nan")


def _run_caught(self):
    raise KeyError("gone")


def _while_turn(self):
    return (
    self.total < 2
    )


def _run_turn(self):
    self.total += 1


def _run_look(self):
    if self.item == 3:
        raise ValueError("three")
    self.even = self.item % 2 == 0


def _run_halve(self):
    self.word = str(self.item / 2)


def _run_multiply(self):
    self.product = self.item * self.factor


def _run_sum(self, inputs):
    self.word = str(sum(i.product for i in inputs))


def _run_gather(self, inputs):
    self.words = [i.word for i in inputs]
    self.merge_artifacts(inputs, include=["kind", "total", "ratio"])


def _run_west(self):
    self.side = "left"


def _run_east(self):
    self.side = "right"


def _run_meet(self, inputs):
    self.sides = [i.side for i in inputs]
    self.merge_artifacts(inputs, exclude=["side"])


def _run_yes(self):
    self.said = "yes"


def _run_no(self):
    self.said = "no"


def _with_ask(self):
    return {"text": _text("Hello, ", _artifact(self, "ask", "who"), "!")}


def _with_delegate(self):
    return {"words": _artifact(self, "delegate", "words")}


def _run_finish(self):
    print("done")


def _run_tell(self):
    print(self.failure["message"])


class AllParts(metaflow.FlowSpec):
    "Uses every part of the plan's format."

    who = metaflow.Parameter("who", type=str, default="wörld", help="who it is")
    count = metaflow.Parameter("count", type=int, default=3)
    rate = metaflow.Parameter("rate", type=float, default=1.0)
    loud = metaflow.Parameter("loud", type=bool, default=True)
    size = metaflow.Parameter("size", type=str, default="small")
    options = metaflow.Parameter("options", type=metaflow.JSONType, default="{\"depth\":2,\"ids\":[9007199254740993]}")
    note = metaflow.IncludeFile("note", default=_beside("note.txt"))
    picture = metaflow.IncludeFile("picture", is_text=False, default=_beside("picture.bin"))
    token = metaflow.Parameter("token", type=str)

    _EPHEMERAL = metaflow.FlowSpec._EPHEMERAL | {"_case"}

    @metaflow.environment(vars={"CURRENCY": "EUR"})
    @metaflow.resources(memory=256)
    @metaflow.timeout(seconds=20)
    @metaflow.step(start=True)
    def prepare(self):
        _run_prepare(self)
        self.next(self.flaky)

    @metaflow.retry(times=2, minutes_between_retries=0)
    @metaflow.environment(vars={"CURRENCY": "EUR"})
    @metaflow.resources(memory=256)
    @metaflow.timeout(seconds=20)
    @metaflow.step
    def flaky(self):
        _run_flaky(self)
        self.next(self.caught)

    @metaflow.catch(var="problem")
    @metaflow.environment(vars={"CURRENCY": "EUR"})
    @metaflow.resources(memory=256)
    @metaflow.timeout(seconds=20)
    @metaflow.step
    def caught(self):
        _run_caught(self)
        self.next(self.while_turn)

    @metaflow.environment(vars={"CURRENCY": "EUR"})
    @metaflow.resources(memory=256)
    @metaflow.timeout(seconds=20)
    @metaflow.step
    def while_turn(self):
        self._case = "turn" if _while_turn(self) else "done"
        self.next({"turn": self.turn, "done": self.foreach_items}, condition="_case")

    @metaflow.environment(vars={"CURRENCY": "EUR"})
    @metaflow.resources(memory=256)
    @metaflow.timeout(seconds=20)
    @metaflow.step
    def turn(self):
        _run_turn(self)
        self._case = _pause(0.001, _turn(self, "while turn", _while_turn(self), 5))
        self.next({"turn": self.turn, "done": self.foreach_items}, condition="_case")

    @metaflow.environment(vars={"CURRENCY": "EUR"})
    @metaflow.resources(memory=256)
    @metaflow.timeout(seconds=20)
    @metaflow.step
    def foreach_items(self):
        _check_items(self, "foreach_items", "items")
        self.next(self.look, foreach="items")

    @metaflow.environment(vars={"CURRENCY": "EUR"})
    @metaflow.resources(memory=256)
    @metaflow.timeout(seconds=20)
    @metaflow.step
    def look(self):
        self.item = self.input
        _run_look(self)
        self._case = _pick("look", self.even, {"true": True, "false": False})
        self.next({"true": self.halve, "false": self.foreach}, condition="_case")

    @metaflow.environment(vars={"CURRENCY": "EUR"})
    @metaflow.resources(memory=256)
    @metaflow.timeout(seconds=20)
    @metaflow.step
    def halve(self):
        _run_halve(self)
        self.next(self.end_foreach_items)

    @metaflow.environment(vars={"CURRENCY": "EUR"})
    @metaflow.resources(memory=256)
    @metaflow.timeout(seconds=20)
    @metaflow.step
    def foreach(self):
        self._items_foreach = [1, 2]
        _check_items(self, "foreach", "_items_foreach")
        self.next(self.multiply, foreach="_items_foreach")

    @metaflow.environment(vars={"CURRENCY": "EUR"})
    @metaflow.resources(memory=256)
    @metaflow.timeout(seconds=20)
    @metaflow.step
    def multiply(self):
        self.factor = self.input
        _run_multiply(self)
        self.next(self.sum)

    @metaflow.environment(vars={"CURRENCY": "EUR"})
    @metaflow.resources(memory=256)
    @metaflow.timeout(seconds=20)
    @metaflow.step
    def sum(self, inputs):
        _keep(self, inputs, "sum", dropped=["factor"])
        _run_sum(self, inputs)
        self.next(self.end_foreach_items)

    @metaflow.environment(vars={"CURRENCY": "EUR"})
    @metaflow.resources(memory=256)
    @metaflow.timeout(seconds=20)
    @metaflow.step
    def end_foreach_items(self):
        self.next(self.gather)

    @metaflow.environment(vars={"CURRENCY": "EUR"})
    @metaflow.resources(memory=256)
    @metaflow.timeout(seconds=20)
    @metaflow.step
    def gather(self, inputs):
        self.failures = _failures()
        _keep(self, inputs, "gather", dropped=["item"], failed=[failure["item"] for failure in self.failures])
        _run_gather(self, inputs)
        self.next(self.fork_left_right)

    @metaflow.environment(vars={"CURRENCY": "EUR"})
    @metaflow.resources(memory=256)
    @metaflow.timeout(seconds=20)
    @metaflow.step
    def fork_left_right(self):
        self.next(self.west, self.east)

    @metaflow.environment(vars={"CURRENCY": "EUR"})
    @metaflow.resources(memory=256)
    @metaflow.timeout(seconds=20)
    @metaflow.step
    def west(self):
        _run_west(self)
        self.next(self.meet)

    @metaflow.environment(vars={"CURRENCY": "EUR"})
    @metaflow.resources(memory=512)
    @metaflow.timeout(seconds=30)
    @metaflow.step
    def east(self):
        _run_east(self)
        self.next(self.meet)

    @metaflow.environment(vars={"CURRENCY": "EUR"})
    @metaflow.resources(memory=256)
    @metaflow.timeout(seconds=20)
    @metaflow.step
    def meet(self, inputs):
        _keep(self, inputs, "meet", branches={"west": "left", "east": "right"})
        _run_meet(self, inputs)
        self.next(self.switch_kind)

    @metaflow.environment(vars={"CURRENCY": "EUR"})
    @metaflow.resources(memory=256)
    @metaflow.timeout(seconds=20)
    @metaflow.step
    def switch_kind(self):
        self._case = _pick("switch_kind", self.kind, {"even": "even", "odd": "odd"})
        self.next({"even": self.yes, "odd": self.no}, condition="_case")

    @metaflow.environment(vars={"CURRENCY": "EUR"})
    @metaflow.resources(memory=256)
    @metaflow.timeout(seconds=20)
    @metaflow.step
    def yes(self):
        _run_yes(self)
        self.next(self.ask)

    @metaflow.environment(vars={"CURRENCY": "EUR"})
    @metaflow.resources(memory=256)
    @metaflow.timeout(seconds=20)
    @metaflow.step
    def no(self):
        _run_no(self)
        self.next(self.ask)

    @metaflow.environment(vars={"CURRENCY": "EUR"})
    @metaflow.resources(memory=256)
    @metaflow.timeout(seconds=20)
    @metaflow.step
    def ask(self):
        self.reply = _invoke("ask", "/whisk.system/utils/echo", _with_ask(self))
        self.next(self.delegate)

    @metaflow.environment(vars={"CURRENCY": "EUR"})
    @metaflow.resources(memory=256)
    @metaflow.timeout(seconds=60)
    @metaflow.step
    def delegate(self):
        self.child = _start_flow("delegate", "ChildFlow", _with_delegate(self))
        self.next(self.finish)

    @metaflow.environment(vars={"CURRENCY": "EUR"})
    @metaflow.resources(memory=256)
    @metaflow.timeout(seconds=20)
    @metaflow.step(end=True)
    def finish(self):
        _run_finish(self)

    # Follows a failure. No step for Metaflow, which has nothing of this kind.
    def tell(self):
        _run_tell(self)

    def _find_input(self, stack_index=None):
        """Returns an item by its position."""
        at = len(self._foreach_stack) - 1 if stack_index is None else stack_index
        if self._foreach_stack and at not in self._cached_input:
            frame = self._foreach_stack[at]
            items = getattr(self, frame.var, None)
            if hasattr(items, "to_numpy"):
                self._cached_input[at] = next(islice(items, frame.index, None))
        return super()._find_input(stack_index)

    def __getattr__(self, name):
        try:
            return super().__getattr__(name)
        except AttributeError as error:
            raise AttributeError(_why_missing(self, name) or str(error)) from None

    def merge_artifacts(self, inputs, exclude=None, include=None):
        """Does the same as Metaflow's, for artifacts that the join has not already kept."""
        if include and not exclude:
            include = [name for name in include if name not in self._datastore]
            if include:
                super().merge_artifacts(inputs, include=include)
            return
        kept = [name for name, _ in self._datastore.items()]
        super().merge_artifacts(inputs, exclude=[*(exclude or []), *_HIDDEN, *kept], include=include)


if __name__ == "__main__":
    AllParts()
