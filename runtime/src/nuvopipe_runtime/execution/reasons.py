"""Explains in terms of the user's flow why an artifact could not be stored or read."""

from __future__ import annotations

import io
import pickle
import re
import traceback
import types
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

SEARCH_DEPTH_MAX = 6
SEARCH_ITEMS_MAX = 1_000
"""Depth and width of the search for the part of an artifact that cannot be pickled."""


def reason_of(error: BaseException, step: str | None) -> str | None:
    """The explanation of a step's failure; None if the error needs none."""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if not frame.f_code.co_filename.endswith("task_datastore.py"):
            continue
        seen = frame.f_locals
        if "serializer" in seen and {"name", "obj"} <= seen.keys():
            return _not_stored(seen["name"], seen["obj"], error)
        if "deserializer" in seen and {"name", "metadata"} <= seen.keys():
            return _not_read(step, seen["name"], seen["metadata"].obj_type, error)
    return None


def _not_stored(name: str, value: object, error: BaseException) -> str:
    root = _root_of(error)
    if isinstance(root, RecursionError):
        return f'the artifact "{name}" cannot be stored: it is nested too deeply to be pickled; store a flatter form of it'
    place, culprit = _unpicklable_part(name, value)
    text = f'the artifact "{name}" cannot be stored: {place} is {_a(_type_name(culprit))}'
    if isinstance(culprit, types.FunctionType):
        return f"{text} defined inside a step; move the function into a module of the flow's code"
    if "<locals>" in type(culprit).__qualname__:
        return f"{text}, a class defined inside a step; move the class into a module of the flow's code"
    return f"{text}, which cannot be pickled ({root}); store its data instead"


def _not_read(step: str | None, name: str, type_text: str, error: BaseException) -> str | None:
    kind = _shown_type(type_text)
    if isinstance(error, ModuleNotFoundError) and error.name:
        module = error.name.partition(".")[0]
        return (
            f'{step} reads the artifact "{name}", {_a(kind)}, but there is no module {module} in its environment; '
            f"add it to environment.pip of the step or to the flow's code"
        )
    if isinstance(error, AttributeError) and "attribute" in str(error):
        return (
            f'{step} reads the artifact "{name}", {_a(kind)}, but its class does not exist ({error}); '
            "move the class into a module of the flow's code"
        )
    return None


def _unpicklable_part(place: str, value: object) -> tuple[str, object]:
    """Returns (expression, value) of the innermost part of a value that cannot be pickled."""
    for _ in range(SEARCH_DEPTH_MAX):
        for inner, part in _parts(place, value):
            if not _can_be_pickled(part):
                place, value = inner, part
                break
        else:
            break
    return place, value


def _parts(place: str, value: object) -> list[tuple[str, object]]:
    parts: Iterable[tuple[str, object]]
    if isinstance(value, dict):
        parts = ((f"{place}[{key!r}]", part) for key, part in value.items())
    elif isinstance(value, (list, tuple)):
        parts = ((f"{place}[{index}]", part) for index, part in enumerate(value))
    else:
        parts = ((f"{place}.{name}", part) for name, part in getattr(value, "__dict__", {}).items())
    return [part for part, _ in zip(parts, range(SEARCH_ITEMS_MAX), strict=False)]


def _can_be_pickled(value: object) -> bool:
    try:
        pickle.Pickler(_Nowhere(), protocol=4).dump(value)
        return True
    except Exception:
        return False


class _Nowhere(io.RawIOBase):
    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        return len(data)


def _root_of(error: BaseException) -> BaseException:
    while error.__cause__ is not None:
        error = error.__cause__
    return error


def _type_name(value: object) -> str:
    cls = type(value)
    name = cls.__qualname__.rpartition("<locals>.")[2]
    return name if cls.__module__ in ("builtins", "__main__") else f"{cls.__module__}.{name}"


def _shown_type(text: str) -> str:
    """Returns `numpy.ndarray` for `<class 'numpy.ndarray'>`, which Metaflow records."""
    found = re.fullmatch(r"<class '(.*)'>", text)
    return found[1].removeprefix("__main__.") if found else text


def _a(noun: str) -> str:
    return f"an {noun}" if noun[0].lower() in "aeiou" else f"a {noun}"
