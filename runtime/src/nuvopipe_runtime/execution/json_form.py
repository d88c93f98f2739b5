"""The JSON form of Python values: a run's outputs, and the arguments that a step passes to an action or a flow.

JSON values stay as they are; every other value has one documented form (`docs/values.md`). An output without a form does not
fail a finished step: a text describes it instead. An argument without a form is refused by name.
"""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import datetime
import enum
import math
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from types import ModuleType
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from typing import TypeAlias

    from metaflow import FlowSpec

    Json: TypeAlias = Any
    """A value as `json` reads and writes it."""

DEPTH_MAX = 150
"""Maximum depth of nested lists and mappings. OpenWhisk reads JSON up to a depth of 1000; Python uses some frames per level."""

EXACT_INTEGER_MAX = 2**53 - 1
"""JavaScript's `Number.MAX_SAFE_INTEGER`: the conductor runs on Node, which rounds larger integers."""

CONVERSIONS = ("tolist", "to_list", "to_pylist", "to_dict", "model_dump", "item")
"""Methods of torch, polars, pyarrow, pydantic and others that return Python's own values, in the order in which they are
tried."""

ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
"""Part of a `repr` that does not describe the value."""

WHY_MAX = 200
"""Maximum length of the reason why a value has no form, in characters."""

INTEGER_BITS_MAX = 14_000
"""Python writes no integer of more than 4300 digits (`sys.int_info.default_max_str_digits`)."""

READ_WITH = "read it with Metaflow's client"


class NoForm(Exception):
    """Raised for a value without a JSON form; the text says why."""


def outputs_of(flow: FlowSpec, names: Iterable[str], task: str) -> tuple[dict[str, Json], dict[str, str]]:
    """Returns (JSON value by name, exact text by JSON pointer) of artifacts.

    The second lists the numbers that JSON cannot represent, for example `{"/loss": "NaN"}`; the first has null for these.
    `task` is the task's pathspec. Raises AttributeError for a name that is not an artifact.
    """
    writer = _Outputs(task)
    return {name: writer.output(flow, name) for name in names}, writer.exact


def arguments_of(arguments: Mapping[str, Any], through_conductor: bool) -> dict[str, Json]:
    """Returns the JSON form of the arguments of an action or a flow.

    Raises a ValueError that names a value without a form, or one that the conductor would alter.
    """
    return {name: _Argument(name, through_conductor).form(value) for name, value in arguments.items()}


def readable(value: Any) -> Json:
    """Returns the JSON form in which artifacts are compared and shown: NaN and infinities are texts."""
    return _Readable("").form(value)


class _Writer:
    """Converts one value after the other. Subclasses decide how to treat values that JSON cannot represent."""

    def __init__(self) -> None:
        self._path: list[str | int] = []
        """Keys and indices that lead to the current value."""
        self._open: set[int] = set()
        """IDs of the values around it."""

    def _integer(self, value: int) -> Json:
        """The form of an integer of any size."""
        raise NotImplementedError

    def _not_finite(self, value: float) -> Json:
        """The form of NaN or an infinity."""
        raise NotImplementedError

    def _colliding(self, items: list[tuple[Any, Any]]) -> Json:
        """The form of a mapping in which several keys have the same text."""
        raise NotImplementedError

    def _without(self, value: object, why: str) -> Json:
        """The replacement for a value without a form."""
        raise NotImplementedError

    def form(self, value: Any) -> Json:
        kind = type(value)
        if kind is str or kind is bool or value is None:
            return value
        if kind is int:
            return self._integer(value)
        if kind is float:
            return value if math.isfinite(value) else self._not_finite(value)
        depth = len(self._path)
        if id(value) in self._open:
            return self._without(value, "it contains itself")
        if len(self._open) >= DEPTH_MAX:
            return self._without(value, f"it is nested more than {DEPTH_MAX} levels deep")
        self._open.add(id(value))
        try:
            return self._convert(value)
        except NoForm as why:
            del self._path[depth:]
            return self._without(value, str(why))
        except _Refused:
            raise
        except Exception as error:
            del self._path[depth:]
            return self._without(value, f"{type(error).__name__}: {error}")
        finally:
            self._open.discard(id(value))

    def _convert(self, value: Any) -> Json:
        if isinstance(value, enum.Enum):
            return self.form(value.value)
        if isinstance(value, str):
            return str.__str__(value)
        if isinstance(value, int):
            return self.form(int.__int__(value))
        if isinstance(value, float):
            return self.form(float.__float__(value))
        if isinstance(value, (bytes, bytearray, memoryview)):
            return base64.b64encode(bytes(value)).decode()
        if isinstance(value, (datetime.date, datetime.time)):
            return _moment(value)
        if isinstance(value, datetime.timedelta):
            return _duration(value)
        if isinstance(value, Mapping):
            return self._mapping([*value.items()])
        if isinstance(value, Set):
            return self._list(_in_order(value))
        if isinstance(value, Sequence):
            return self._list(value)
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return self._mapping([(field.name, getattr(value, field.name)) for field in dataclasses.fields(value)])
        return self._of_library(value)

    def _of_library(self, value: Any) -> Json:
        numpy, pandas = sys.modules.get("numpy"), sys.modules.get("pandas")
        if numpy is not None and isinstance(value, (numpy.ndarray, numpy.generic)):
            return self.form(_python_value(numpy, value))
        if pandas is not None:
            if isinstance(value, pandas.DataFrame):
                return self._mapping([(name, value.iloc[:, index]) for index, name in enumerate(value.columns)])
            if isinstance(value, (pandas.Series, pandas.Index)):
                return self._list(value.tolist())
            if value is pandas.NA:
                return None
        for method in () if isinstance(value, type) else CONVERSIONS:
            if callable(getattr(value, method, None)):
                try:
                    converted = getattr(value, method)()
                except Exception:
                    continue
                if type(converted) is not type(value):
                    return self.form(converted)
        return _text(value)

    def _list(self, items: Iterable[Any]) -> list[Json]:
        written = []
        for index, item in enumerate(items):
            self._path.append(index)
            written.append(self.form(item))
            self._path.pop()
        return written

    def _mapping(self, items: list[tuple[Any, Any]]) -> Json:
        keys = [_key(key) for key, _ in items]
        if len(set(keys)) < len(keys):
            return self._colliding(items)
        written: dict[str, Json] = {}
        for key, (_, value) in zip(keys, items, strict=True):
            self._path.append(key)
            written[key] = self.form(value)
            self._path.pop()
        return written


class _Outputs(_Writer):
    """Never fails: a value without a form is replaced by a text that describes it."""

    def __init__(self, task: str) -> None:
        super().__init__()
        self._task = task
        self.exact: dict[str, str] = {}

    def output(self, flow: FlowSpec, name: str) -> Json:
        self._path = [name]
        try:
            value = getattr(flow, name)
        except Exception as error:
            if isinstance(error, AttributeError) and not _is_artifact(flow, name):
                why = f": {error}" if _is_dropped(flow, name) else ""
                raise AttributeError(f"the output '{name}' is not an artifact of the last step{why}") from None
            return self._told("an artifact that cannot be read here", f"{type(error).__name__}: {error}")
        return self.form(value)

    def _integer(self, value: int) -> Json:
        return value if value.bit_length() <= INTEGER_BITS_MAX else self._without(value, "it has more than 4000 digits")

    def _not_finite(self, value: float) -> Json:
        self.exact[pointer(self._path)] = exact_text(value)
        return None

    def _colliding(self, items: list[tuple[Any, Any]]) -> Json:
        return self._list([list(item) for item in items])

    def _without(self, value: object, why: str) -> Json:
        return self._told(_kind(value), why)

    def _told(self, what: str, why: str) -> str:
        return f"<{what} has no JSON form: {why[:WHY_MAX]}; {READ_WITH}: Task('{self._task}').data.{self._path[0]}>"


class _Readable(_Outputs):
    def _not_finite(self, value: float) -> Json:
        return exact_text(value)

    def _told(self, what: str, why: str) -> str:
        return f"<{what} has no JSON form: {why[:WHY_MAX]}>"


class _Refused(ValueError):
    pass


class _Argument(_Writer):
    """Alters nothing: a value without a form is refused."""

    def __init__(self, name: str, through_conductor: bool) -> None:
        super().__init__()
        self._name = name
        self._through_conductor = through_conductor

    def _integer(self, value: int) -> Json:
        if value.bit_length() > INTEGER_BITS_MAX:
            self._without(value, "it has more than 4000 digits")
        if self._through_conductor and abs(value) > EXACT_INTEGER_MAX:
            self._refuse(
                f"is the integer {value}: OpenWhisk's conductor, which hands it to the action, rounds integers beyond 2^53; "
                "pass it as text, str(…)"
            )
        return value

    def _not_finite(self, value: float) -> NoReturn:
        self._refuse(f"is {exact_text(value)}, which JSON does not support: pass None or its text")

    def _colliding(self, items: list[tuple[Any, Any]]) -> NoReturn:
        self._refuse("has several keys with the same text, but JSON allows each key only once")

    def _without(self, value: object, why: str) -> NoReturn:
        self._refuse(f"is {_kind(value)}, which has no JSON form: {why[:WHY_MAX]}")

    def _refuse(self, problem: str) -> NoReturn:
        where = self._name + "".join(f"[{part!r}]" for part in self._path)
        raise _Refused(f'the argument "{where}" {problem}')


def exact_text(number: float) -> str:
    """NaN or an infinity, as JavaScript writes it."""
    return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"


def restore(values: Json, exact: Mapping[str, str]) -> Json:
    """Puts the numbers that JSON cannot represent back into outputs."""
    for where, text in exact.items():
        *parts, last = [part.replace("~1", "/").replace("~0", "~") for part in where.split("/")[1:]]
        place = values
        index: str | int
        with contextlib.suppress(LookupError, TypeError, ValueError):  # a masked key no longer matches the path
            for part in parts:
                place = place[int(part) if isinstance(place, list) else part]
            index = int(last) if isinstance(place, list) else last
            if place[index] is None:
                place[index] = float(text)
    return values


def pointer(path: Iterable[str | int]) -> str:
    """Keys and indices as a JSON pointer (RFC 6901)."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


def _key(key: Any) -> str:
    """A mapping's key as text: constants and numbers as Python's `json` writes them, everything else as `str` does."""
    if isinstance(key, enum.Enum):
        return _key(key.value)
    if isinstance(key, str):
        return str.__str__(key)
    if isinstance(key, bool) or key is None:
        return {True: "true", False: "false", None: "null"}[key]
    if isinstance(key, int):
        return int.__repr__(key)
    if isinstance(key, float):
        return float.__repr__(key) if math.isfinite(key) else exact_text(key)
    if isinstance(key, (datetime.date, datetime.time)):
        return _moment(key) or "null"
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(key, numpy.generic):
        converted = _python_value(numpy, key)
        return str(key) if isinstance(converted, numpy.generic) else _key(converted)
    if isinstance(key, tuple):
        return str(tuple(_python_of_key(part) for part in key))
    return _text(key)


def _python_of_key(part: Any) -> Any:
    numpy = sys.modules.get("numpy")
    return _python_value(numpy, part) if numpy is not None and isinstance(part, numpy.generic) else part


def _python_value(numpy: ModuleType, value: Any) -> Any:
    """Converts an array or a scalar of numpy to Python values. Raises `NoForm`."""
    kind = value.dtype.kind
    if kind == "M":
        return _each(numpy.datetime_as_string(value).tolist(), _trimmed)
    if kind == "m":
        return _each([*value] if value.ndim else value, lambda one: _numpy_duration(numpy, one))
    if kind == "c":
        return _each(value.tolist(), str)
    converted = _each(value.tolist(), float) if kind == "f" else value.tolist()
    if isinstance(converted, numpy.generic):
        raise NoForm(f"there is no Python value for {value.dtype}")
    return converted


def _is_dropped(flow: FlowSpec, name: str) -> bool:
    """Whether a join has dropped the artifact (`DroppedInfo` of `src/contract/records.ts`). The flow's error explains it."""
    datastore = getattr(flow, "_datastore", None)
    return datastore is not None and "dropped" in datastore._info.get(name, {})


def _is_artifact(flow: FlowSpec, name: str) -> bool:
    """Whether the name is an artifact. Unpickling also fails with an AttributeError, if the artifact's class is not found."""
    inputs = vars(flow).get("_datastore")
    return inputs is not None and name in inputs


def _each(value: Any, convert: Callable[[Any], Any]) -> Any:
    return [_each(item, convert) for item in value] if isinstance(value, (list, tuple)) else convert(value)


def _trimmed(moment: str) -> str | None:
    """Removes trailing zeros: numpy writes all digits of its unit, as in `2024-01-01T00:00:00.000000000`. NaT is None."""
    if moment == "NaT":
        return None
    return moment.rstrip("0").rstrip(".") if "." in moment else moment


def _numpy_duration(numpy: ModuleType, value: Any) -> Any:
    if value.ndim:
        return [_numpy_duration(numpy, one) for one in value]
    if numpy.isnat(value):
        return None
    microseconds = value.astype("timedelta64[us]")
    return str(microseconds.item()) if microseconds == value else str(value)


def _moment(value: datetime.date | datetime.time) -> str | None:
    """ISO 8601. pandas' NaT is a datetime too; it is None."""
    return None if value != value else value.isoformat()


def _duration(value: datetime.timedelta) -> str | None:
    """`0:01:30`, as Python writes it. pandas' Timedelta has nanoseconds too, and a NaT, which is None."""
    if value != value:
        return None
    nanoseconds = getattr(value, "nanoseconds", 0)
    return str(value) if nanoseconds else str(datetime.timedelta(value.days, value.seconds, value.microseconds))


def _in_order(values: Set[Any]) -> list[Any]:
    """The members of a set, sorted if possible, so that equal sets have equal forms."""
    try:
        return sorted(values)
    except TypeError:
        return sorted(values, key=lambda value: (type(value).__name__, repr(value)))


def _text(value: object) -> str:
    """The text of a `Decimal`, `UUID`, `Path`, …. Raises `NoForm` if the text is only an address in memory."""
    text = str(value)
    if isinstance(value, type) or ADDRESS.search(text):
        raise NoForm("it is a Python object")
    return text


def _kind(value: object) -> str:
    kind = type(value)
    name = kind.__qualname__ if kind.__module__ in ("builtins", "__main__") else f"{kind.__module__}.{kind.__qualname__}"
    return f"a value of type {name}"
