# Made by nuvopipe from titles.yaml. It runs by itself: python flow.py run

from collections.abc import Sequence
from itertools import islice

import metaflow
from metaflow.flowspec import INTERNAL_ARTIFACTS_SET

_HIDDEN = {*INTERNAL_ARTIFACTS_SET}


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


def _run_start(self):
    self.titles = ["Stranger Things", "House of Cards", "Narcos"]


def _run_shout(self):
    self.loud = f'{self.prefix} {self.title}!'.upper()


def _run_collect(self, inputs):
    self.shouted = [i.loud for i in inputs]


class Titles(metaflow.FlowSpec):
    prefix = metaflow.Parameter("prefix", type=str, default="The")

    @metaflow.resources(memory=256)
    @metaflow.timeout(seconds=60)
    @metaflow.step
    def start(self):
        _run_start(self)
        _check_items(self, "start", "titles")
        self.next(self.shout, foreach="titles")

    @metaflow.resources(memory=256)
    @metaflow.timeout(seconds=60)
    @metaflow.step
    def shout(self):
        self.title = self.input
        _run_shout(self)
        self.next(self.collect)

    @metaflow.resources(memory=256)
    @metaflow.timeout(seconds=60)
    @metaflow.step
    def collect(self, inputs):
        _keep(self, inputs, "collect", dropped=["title"])
        _run_collect(self, inputs)
        self.next(self.end)

    @metaflow.resources(memory=256)
    @metaflow.timeout(seconds=60)
    @metaflow.step
    def end(self):
        pass

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
    Titles()
