"""Keeps the artifacts that a join's inputs agree on. Every join does this first.

Artifacts are compared by the hashes of their content, as Metaflow's `merge_artifacts` does. A set may pickle differently in
another process, so if the hashes of values that may hold a set differ but their descriptions do not, the values are compared.

Artifacts on which the inputs disagree are described in the task's `info` and have no object. Later tasks inherit the
description with those of other artifacts, without a further request, and `_why_missing` reads it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .flow import _HIDDEN

if TYPE_CHECKING:
    from collections.abc import Collection, Container, Iterable
    from typing import Any

    from .flow import Flow


_UNORDERED = {str(kind) for kind in (set, frozenset, dict, list, tuple)}
_COMPARED_MAX_BYTES = 256 << 10


def _keep(
    self: Flow,
    inputs: Iterable[Flow],
    step: str,
    dropped: Container[str] = (),
    branches: dict[str, str] | None = None,
    failed: Collection[int] = (),
) -> list[str]:
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


def _is_same(one: Flow, other: Flow, name: str, values: dict[str, object]) -> bool:
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


def _is_equal(one: Any, other: Any) -> bool:
    """Compares two values. 1 and True differ, and only the order of sets does not matter."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return _is_equal(list(one.items()), list(other.items()))
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(_is_equal, one, other))
    return bool(one == other)


def _input_names(
    inputs: list[Flow], indices: tuple[int, int], branches: dict[str, str] | None, failed: Collection[int]
) -> str:
    if branches is None:
        items = [item for item in range(len(inputs) + len(failed)) if item not in failed]
        return "items " + " and ".join(str(items[index]) for index in indices)
    steps = {inputs[index]._current_step for index in indices}
    return "branches " + " and ".join(f'"{name}"' for step, name in branches.items() if step in steps)
