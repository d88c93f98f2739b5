import json
import os

import pytest

from .parameters import BadParameters, check_invocation, complete

FIXTURES = os.path.join(os.path.dirname(__file__), "../../../test/fixtures/parameters.json")


def shared_cases():
    """Those of the command line's tests, too."""
    with open(FIXTURES, encoding="utf-8") as file:
        return json.load(file)


@pytest.mark.parametrize("case", shared_cases(), ids=lambda case: f"{case['spec']['type']} {case['given']}")
def test_what_the_command_line_reads_too(case):
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
def test_values_are_converted(kind, given, value):
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
def test_what_does_not_fit_is_refused_by_name(kind, given, problem):
    with pytest.raises(BadParameters) as raised:
        complete({"p": {"type": kind, "required": False}}, {"p": given})
    assert str(raised.value) == f'the parameter "p" has to be {problem}'


def test_all_problems_are_told_at_once():
    specs = {
        "days": {"type": "integer", "required": False, "max": 7},
        "label": {"type": "string", "required": True, "help": "put before each title"},
        "mode": {"type": "string", "required": True, "enum": ["a", "b"]},
    }
    with pytest.raises(BadParameters) as raised:
        complete(specs, {"dais": "1", "days": 8, "mode": "c"})
    assert str(raised.value) == (
        'the flow has no parameter "dais"; the parameter "days" has to be at most 7, not 8; '
        'the parameter "mode" has to be one of "a", "b", not "c"; '
        'the parameter "label" is missing (put before each title); '
        "the flow's parameters: days (integer), label (string, required), mode (string, required)"
    )


def test_defaults_and_absent_values(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "words.txt").write_bytes("ž\r\n".encode())
    specs = {
        "a": {"type": "integer", "default": 3, "required": False},
        "b": {"type": "string", "required": False},
        "c": {"type": "file", "default": "data/words.txt", "required": False},
    }
    assert complete(specs, {"a": None}, str(tmp_path)) == {"a": 3, "b": None, "c": "ž\n"}


@pytest.mark.parametrize("run", ["", ".", "a/b", "../a", "a b", "ž", "x" * 129])
def test_what_cannot_name_a_run(run):
    with pytest.raises(BadParameters, match="cannot name a run"):
        check_invocation({"run": run})


@pytest.mark.parametrize("wait", [-1, "1", True, float("nan"), [2]])
def test_what_is_no_time_to_wait(wait):
    check_invocation({"run": "r", "answerWithin": 0.5})
    with pytest.raises(BadParameters, match="'wait' must be"):
        check_invocation({"run": "r", "answerWithin": wait})
