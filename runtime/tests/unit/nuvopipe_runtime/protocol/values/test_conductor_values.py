from __future__ import annotations

from typing import Any

import pytest

from nuvopipe_runtime.protocol.values.conductor_values import answer_of, answer_of_action, rounded

BIG = 1234567890123456789


def test_integers_that_node_would_round_are_texts_and_named() -> None:
    result = {"run": "r", "status": "succeeded", "outputs": {"ids": [BIG, 7], "loss": None}, "exact": {"/loss": "NaN"}}
    assert answer_of(result) == {
        **result,
        "outputs": {"ids": [str(BIG), 7], "loss": None},
        "exact": {"/loss": "NaN", "/ids/0": str(BIG)},
    }
    assert result["outputs"]["ids"] == [BIG, 7]


def test_other_results_are_answered_as_they_are() -> None:
    for result in ({"status": "running"}, {"outputs": {"x": 2**53 - 1, "text": str(BIG), "f": float(BIG)}}):
        assert answer_of(result) == result


def test_outputs_that_are_too_long_are_left_out() -> None:
    answer = answer_of({"outputs": {"rows": list(range(100_000))}, "exact": {"/x": "NaN"}})
    assert answer["outputs"] == {"rows": None} and "longer than 256 kB" in answer["note"] and "exact" not in answer


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ({"a": 2**53}, "a"),
        ({"a": [1, {"b": -(2**53)}]}, "a[1].b"),
        ([1e22], "[0]"),
        (2**60, ""),
    ],
)
def test_a_number_that_may_have_been_rounded_is_found(value: Any, place: str) -> None:
    assert rounded(value)[0] == place


def test_what_a_double_holds_is_not_taken_for_rounded() -> None:
    assert rounded({"a": 2**53 - 1, "b": 0.1, "c": True, "d": [None, "9007199254740993"], "e": 1e15}) is None


def test_an_action_that_answers_a_rounded_number_has_failed() -> None:
    assert answer_of_action(None) is None
    assert answer_of_action({"error": "e"}) == {"error": "e"}
    assert answer_of_action({"result": {"n": 1}}) == {"result": {"n": 1}}
    error = answer_of_action({"result": {"user": {"id": 1234567890123456800}}})["error"]
    assert error.startswith('"user.id" of the answer is the number 1234567890123456800')
