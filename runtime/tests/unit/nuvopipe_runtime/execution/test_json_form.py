from __future__ import annotations

import collections
import dataclasses
import datetime
import decimal
import enum
import json
import pathlib
import uuid
from typing import Any

import pytest

from nuvopipe_runtime.execution.json_form import arguments_of, outputs_of, readable, restore

TASK = "F/r1/end/t"


class Color(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


@dataclasses.dataclass
class Point:
    x: int
    name: object


class Plain:
    pass


class Unprintable:
    def __str__(self) -> None:
        raise RuntimeError("no text")


class Lazy:
    """Behaves like a flow whose artifacts cannot be unpickled here."""

    def __init__(self) -> None:
        self._datastore = {"model", "net"}

    @property
    def model(self) -> None:
        raise ImportError("No module named 'sklearn'")

    @property
    def net(self) -> None:
        raise AttributeError("Can't get attribute 'Net' on <module '__main__'>")


class FakeTensor:
    """Behaves like arrays and scalars of torch."""

    def __init__(self, value: list[float] | int) -> None:
        self.value = value

    def tolist(self) -> list[float] | int:
        return self.value


def flow(**artifacts: Any) -> Plain:
    made = Plain()
    vars(made).update(artifacts)
    return made


def form(value: Any) -> tuple[Any, ...]:
    """The value as readers of the record find it."""
    values, exact = outputs_of(flow(v=value), ["v"], TASK)
    return json.loads(json.dumps(values, allow_nan=False))["v"], exact


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (2**53 + 1, 2**53 + 1),
        (-(2**70), -(2**70)),
        ([True, None, "x", 1], [True, None, "x", 1]),
        ("12", "12"),
        ((1, (2, 3)), [1, [2, 3]]),
        ({3, 1, 2}, [1, 2, 3]),
        ({1, "a"}, [1, "a"]),
        (collections.deque([1, 2]), [1, 2]),
        (range(3), [0, 1, 2]),
        (collections.Counter("abca"), {"a": 2, "b": 1, "c": 1}),
        (Color.RED, "red"),
        (Level.HIGH, 3),
        (Point(1, Color.RED), {"x": 1, "name": "red"}),
        (b"bytes\xff", "Ynl0ZXP/"),
        (datetime.datetime(2024, 1, 2, 3, 4, 5, tzinfo=datetime.UTC), "2024-01-02T03:04:05+00:00"),
        (datetime.date(2024, 1, 2), "2024-01-02"),
        (datetime.timedelta(seconds=90), "0:01:30"),
        (decimal.Decimal("1.10"), "1.10"),
        (pathlib.PurePosixPath("/tmp/x"), "/tmp/x"),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        ({1: "a", 2.5: "b", False: "c", None: "d"}, {"1": "a", "2.5": "b", "false": "c", "null": "d"}),
        ({("a", 1): 3}, {"('a', 1)": 3}),
        ({datetime.date(2024, 1, 2): 1, Color.RED: 2}, {"2024-01-02": 1, "red": 2}),
        ({1: "int", "1": "text"}, [[1, "int"], ["1", "text"]]),
        (FakeTensor([0.5]), [0.5]),
        (FakeTensor(3), 3),
        ("caf\udce9", "caf\udce9"),
    ],
)
def test_each_value_has_one_form(value: Any, expected: Any) -> None:
    assert form(value) == (expected, {})


def test_a_float_stays_a_float() -> None:
    found, _ = form([1.0, 1e22, -0.0, 0.1])
    assert [repr(value) for value in found] == ["1.0", "1e+22", "-0.0", "0.1"]


def test_numbers_without_a_word_in_json_are_null_and_named() -> None:
    value = {"loss": float("nan"), "a/b": [1.0, float("inf"), {"~": float("-inf")}]}
    found, exact = form(value)
    assert found == {"loss": None, "a/b": [1.0, None, {"~": None}]}
    assert exact == {"/v/loss": "NaN", "/v/a~1b/1": "Infinity", "/v/a~1b/2/~0": "-Infinity"}
    assert repr(restore({"v": found}, exact)["v"]) == repr(value)


@pytest.mark.parametrize(
    ("value", "what", "why"),
    [
        (Plain(), "test_json_form.Plain", "it is a Python object"),
        (Plain, "type", "it is a Python object"),
        (Unprintable(), "test_json_form.Unprintable", "RuntimeError: no text"),
        (10**5000, "int", "it has more than 4000 digits"),
    ],
    ids=["object", "class", "unprintable", "long integer"],
)
def test_what_has_no_form_says_what_it_is_and_how_to_read_it(value: Any, what: str, why: str) -> None:
    found, _ = form({"model": value, "score": 1})
    assert found["score"] == 1
    assert what in found["model"] and why in found["model"]
    assert f"read it with Metaflow's client: Task('{TASK}').data.v" in found["model"]


def test_what_holds_itself_or_is_too_deep_ends_there() -> None:
    circle = [1]
    circle.append(circle)
    found, _ = form(circle)
    assert found[0] == 1 and "it contains itself" in found[1]
    deep = []
    for _ in range(5000):
        deep = [deep]
    assert "nested more than 150 levels deep" in json.dumps(form(deep)[0])
    same = [1]
    assert form([same, same])[0] == [[1], [1]]


def test_the_same_set_has_the_same_form_in_every_process() -> None:
    values = [f"name-{number}" for number in range(100)]
    assert form(set(values))[0] == sorted(values)


def test_an_artifact_that_cannot_be_read_fails_nothing() -> None:
    values, _ = outputs_of(Lazy(), ["model", "net"], TASK)
    assert "No module named 'sklearn'" in values["model"]
    assert "Can't get attribute 'Net'" in values["net"]


def test_an_output_that_is_not_an_artifact_is_named() -> None:
    with pytest.raises(AttributeError, match="the output 'v' is not an artifact of the last step"):
        outputs_of(flow(), ["v"], TASK)


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (2**53, 'the argument "a" is the integer 9007199254740992: OpenWhisk\'s conductor'),
        ({"ids": [1, -(2**60)]}, "the argument \"a['ids'][1]\" is the integer -1152921504606846976"),
        ([float("nan")], 'the argument "a[0]" is NaN, which JSON does not support'),
        ({1: 1, "1": 2}, 'the argument "a" has several keys with the same text'),
        (Plain(), 'the argument "a" is a value of type'),
    ],
)
def test_an_argument_that_would_be_altered_is_refused_by_name(value: Any, problem: str) -> None:
    with pytest.raises(ValueError) as raised:
        arguments_of({"ok": 1, "a": value}, through_conductor=True)
    assert problem in str(raised.value)


def test_arguments_of_a_flow_are_exact() -> None:
    given = {"id": 2**60, "text": "12", "rate": 1.0, "days": {datetime.date(2024, 1, 2)}}
    assert arguments_of(given, through_conductor=False) == {"id": 2**60, "text": "12", "rate": 1.0, "days": ["2024-01-02"]}
    assert arguments_of({"id": 2**53 - 1}, through_conductor=True) == {"id": 2**53 - 1}


def test_a_readable_form_names_what_json_cannot() -> None:
    assert readable({"a": float("nan"), "b": [float("-inf")]}) == {"a": "NaN", "b": ["-Infinity"]}
    assert "test_json_form.Plain has no JSON form" in readable(Plain())


def test_numbers_are_restored_where_their_place_is_still_there() -> None:
    assert restore({"a": {"***": None}, "b": None}, {"/a/hush": "NaN", "/b": "Infinity"}) == {
        "a": {"***": None},
        "b": float("inf"),
    }
