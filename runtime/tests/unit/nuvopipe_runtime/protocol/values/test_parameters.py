from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from nuvopipe_runtime.protocol.values.parameters import BadParameters, check_invocation, complete, differences, facts_of

if TYPE_CHECKING:
    from pathlib import Path


FIXTURES = os.path.join(os.path.dirname(__file__), "../../../../../../schemas/golden/parameters.json")


def shared_cases() -> list[dict[str, Any]]:
    """Returns the cases that the command line's tests also use."""
    with open(FIXTURES, encoding="utf-8") as file:
        return json.load(file)


@pytest.mark.parametrize("case", shared_cases(), ids=lambda case: f"{case['spec']['type']} {case['given']}")
def test_what_the_command_line_reads_too(case: Any) -> None:
    specs = {"p": {**case["spec"], "required": True}}
    if "value" in case:
        value = complete(specs, {"p": case["given"]})["p"]
        assert value == case["value"] and isinstance(value, bool) == isinstance(case["value"], bool)
    else:
        problems = [case["problem"], *([case["runProblem"]] if "runProblem" in case else [])]
        with pytest.raises(BadParameters) as raised:
            complete(specs, {"p": case["given"]})
        assert str(raised.value) == "; ".join(f'the parameter "p" {problem}' for problem in problems)


@pytest.mark.parametrize(
    ("kind", "given", "value"),
    [
        ("string", 5, "5"),
        ("string", True, "true"),
        ("secret", 12345, "12345"),
        ("file", "a\r\nb\rc\n", "a\nb\nc\n"),
        ("integer", 12.0, 12),
        ("number", 2, 2.0),
        ("boolean", True, True),
        ("boolean", 1, True),
        ("json", [1, 2], [1, 2]),
        ("json", 1, 1),
        ("integer", "9007199254740993", 9007199254740993),
    ],
)
def test_values_are_converted(kind: str, given: Any, value: Any) -> None:
    converted = complete({"p": {"type": kind, "required": True}}, {"p": given})["p"]
    assert converted == value and type(converted) is type(value)


@pytest.mark.parametrize(
    ("kind", "given", "problem"),
    [
        ("integer", 1.5, "a whole number, not 1.5"),
        ("integer", True, "a whole number, not true"),
        ("number", [1], "a number, not [1]"),
        ("number", float("inf"), "a number, not Infinity"),
        ("boolean", 2, "true or false, not 2"),
        ("boolean", 1.0, "true or false, not 1"),
        ("string", {"a": 1}, 'text, not {"a":1}'),
        ("file", [1], "text, not [1]"),
        ("secret", {"a": 1}, "text"),
    ],
)
def test_a_value_of_the_wrong_type_is_refused_by_name(kind: str, given: Any, problem: str) -> None:
    with pytest.raises(BadParameters) as raised:
        complete({"p": {"type": kind, "required": False}}, {"p": given})
    assert str(raised.value) == f'the parameter "p" must be {problem}'


def test_all_problems_are_reported_at_once() -> None:
    specs = {
        "days": {"type": "integer", "required": False, "max": 7},
        "label": {"type": "string", "required": True, "help": "put before each title"},
        "mode": {"type": "string", "required": True, "enum": ["a", "b"]},
    }
    with pytest.raises(BadParameters) as raised:
        complete(specs, {"moed": "1", "mode": "c", "dais": "1", "days": 8})
    assert str(raised.value) == (
        'the parameter "days" must be at most 7, not 8; '
        'the parameter "label" is missing (put before each title); '
        'the parameter "mode" must be one of "a", "b", not "c"; '
        'the flow has no parameter "dais"; the flow has no parameter "moed"; '
        "the flow's parameters: days (integer), label (string, required), mode (string, required)"
    )


def test_defaults_and_absent_values(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "words.txt").write_bytes("ž\r\n".encode())
    specs = {
        "a": {"type": "integer", "default": 3, "required": False},
        "b": {"type": "string", "required": False},
        "c": {"type": "file", "default": "data/words.txt", "required": False},
    }
    assert complete(specs, {"a": None}, str(tmp_path)) == {"a": 3, "b": None, "c": "ž\n"}


@pytest.mark.parametrize("run", ["", ".", "a/b", "../a", "a b", "ž", "x" * 129])
def test_an_invalid_run_name_is_rejected(run: str) -> None:
    with pytest.raises(BadParameters, match="invalid run name"):
        check_invocation({"run": run})


@pytest.mark.parametrize("wait", [-1, "1", True, float("nan"), [2]])
def test_an_invalid_wait_is_refused(wait: Any) -> None:
    check_invocation({"run": "r", "answerWithin": 0.5})
    with pytest.raises(BadParameters, match="'wait' must be"):
        check_invocation({"run": "r", "answerWithin": wait})


def refusal_of(spec: Any, given: Any, **options: Any) -> Any:
    with pytest.raises(BadParameters) as raised:
        complete({"p": {"required": False, **spec}}, {"p": given}, **options)
    return str(raised.value)


def value_of(spec: Any, given: Any, **options: Any) -> Any:
    return complete({"p": {"required": False, **spec}}, {"p": given}, **options)["p"]


@pytest.mark.parametrize(
    ("kind", "given", "place", "text"),
    [
        ("integer", 9007199254740992, "", "text"),
        ("integer", 1e21, "", "text"),
        ("string", 1234567890123456800, "", "text"),
        ("json", {"ids": [1, 1234567890123456800]}, ' (at "ids[1]")', "JSON text"),
        ("json", 1e22, "", "JSON text"),
    ],
)
def test_a_number_that_the_conductor_may_have_rounded_is_refused(
    kind: str, given: float | dict[str, Any], place: str, text: str
) -> None:
    expected = f"must be sent as {text}: OpenWhisk's conductor rounds integers beyond 2^53{place}"
    assert refusal_of({"type": kind}, given) == f'the parameter "p" {expected}'
    assert value_of({"type": kind}, given, is_exact=True) is not None


def test_a_sequence_has_no_conductor() -> None:
    assert value_of({"type": "integer"}, 2**60, is_conducted=False) == 2**60
    assert value_of({"type": "json"}, "[1]", is_conducted=False) == [1]


def test_numbers_that_are_doubles_anyway_are_taken() -> None:
    assert value_of({"type": "number"}, 1e22) == 1e22
    assert value_of({"type": "integer"}, 2**53 - 1) == 2**53 - 1


@pytest.mark.parametrize(
    ("given", "value"),
    [
        ('"12"', "12"),
        ("12", 12),
        ('"text"', "text"),
        ("1.0", 1.0),
        ('{"id": 1234567890123456789}', {"id": 1234567890123456789}),
    ],
)
def test_json_text_is_parsed_once(given: str, value: str | float | dict[str, Any]) -> None:
    found = value_of({"type": "json"}, given)
    assert found == value and type(found) is type(value)
    assert value_of({"type": "json"}, given, is_exact=True) == given


@pytest.mark.parametrize("given", ["NaN", "[1, -Infinity]", '{"a": 1e999}'])
def test_json_has_no_infinity(given: str) -> None:
    assert "must be JSON" in refusal_of({"type": "json"}, given)


def test_json_that_is_too_deep_is_refused() -> None:
    assert "must be JSON" in refusal_of({"type": "json"}, "[" * 100_000 + "]" * 100_000)
    deep = []
    for _ in range(900):  # OpenWhisk takes a thousand
        deep = [deep]
    assert value_of({"type": "json"}, deep) is deep


def test_exact_limits() -> None:
    limit = 1234567890123456789
    assert value_of({"type": "integer", "max": limit}, str(limit)) == limit
    assert refusal_of({"type": "integer", "max": limit}, str(limit + 1)).endswith(f"at most {limit}, not {limit + 1}")
    assert value_of({"type": "integer", "enum": [limit]}, str(limit)) == limit
    assert "one of" in refusal_of({"type": "integer", "enum": [limit]}, str(limit + 1))


def test_the_default_of_a_number_is_a_float(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(b"\xff\x00")
    specs = {
        "n": {"type": "number", "default": 1, "required": False},
        "i": {"type": "integer", "default": 2**60, "required": False},
        "j": {"type": "json", "default": [1.0, 2**60], "required": False},
        "b": {"type": "file", "binary": True, "default": "model.bin", "required": False},
    }
    values = complete(specs, {}, str(tmp_path))
    assert repr(values) == repr({"n": 1.0, "i": 2**60, "j": [1.0, 2**60], "b": "/wA="})


def test_a_binary_file_is_base64() -> None:
    spec = {"type": "file", "binary": True}
    assert value_of(spec, "/wA=") == "/wA="
    for given in ("ÿ", "abc", 5):
        assert "must be the base64 text of a file" in refusal_of(spec, given)


def test_two_starts_of_a_run_are_distinguished_without_their_secrets() -> None:
    specs = {
        "qty": {"type": "integer", "default": 1, "required": False},
        "token": {"type": "secret", "required": False},
        "doc": {"type": "file", "required": False},
    }
    before = facts_of(specs, {"qty": 2, "token": "s3cret", "doc": "abc"}, b"key")
    assert "s3cret" not in json.dumps(before)
    assert differences(specs, before, before, b"key") == []
    assert differences(specs, before, facts_of(specs, {"qty": 3, "token": "other", "doc": "abcd"}, b"key"), b"key") == [
        '"doc" was 3 characters, not 4 characters',
        '"qty" was 2, not 3',
        '"token" was another one',
    ]
    default = facts_of(specs, {"qty": 1}, b"key")
    assert differences(specs, default, {}, b"key") == []
