import pytest

from .parameters import BadParameters, complete


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
