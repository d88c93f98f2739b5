import pytest

from .parameters import BadParameters, check_invocation, complete


@pytest.mark.parametrize(
    ("kind", "given", "value"),
    [
        ("string", "a", "a"),
        ("string", 5, "5"),
        ("integer", "12", 12),
        ("integer", 12.0, 12),
        ("number", "1e3", 1000.0),
        ("number", 2, 2.0),
        ("boolean", True, True),
        ("boolean", "False", False),
        ("json", '{"a": [1]}', {"a": [1]}),
        ("json", [1, 2], [1, 2]),
        ("integer", "9007199254740993", 9007199254740993),
    ],
)
def test_values_are_converted(kind, given, value):
    converted = complete({"p": {"type": kind, "required": True}}, {"p": given})["p"]
    assert converted == value and type(converted) is type(value)


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("integer", "1.5"),
        ("integer", 1.5),
        ("integer", True),
        ("integer", "many"),
        ("integer", "1e999"),
        ("number", [1]),
        ("number", "nan?"),
        ("boolean", 1),
        ("boolean", "yes"),
        ("string", {"a": 1}),
        ("json", "{not json"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(kind, given):
    with pytest.raises(BadParameters, match="'p' must be"):
        complete({"p": {"type": kind, "required": False}}, {"p": given})


def test_defaults_and_absent_values():
    specs = {"a": {"type": "integer", "default": 3, "required": False}, "b": {"type": "string", "required": False}}
    assert complete(specs, {}) == {"a": 3, "b": None}


@pytest.mark.parametrize("run", ["", ".", "a/b", "../a", "a b", "ž", "x" * 129])
def test_what_cannot_name_a_run(run):
    with pytest.raises(BadParameters, match="cannot name a run"):
        check_invocation({"run": run})


@pytest.mark.parametrize("wait", [-1, "1", True, float("nan"), [2]])
def test_what_is_no_time_to_wait(wait):
    check_invocation({"run": "r", "answerWithin": 0.5})
    with pytest.raises(BadParameters, match="'wait' must be"):
        check_invocation({"run": "r", "answerWithin": wait})
