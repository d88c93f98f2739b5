"""Values that pass OpenWhisk's conductor, which runs on Node, where numbers are doubles.

It silently rounds integers beyond 2^53. Outgoing values therefore have such integers as text, and incoming whole numbers that
may have been rounded are refused. Numbers with a fraction are doubles in Python too.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypedDict

from ...contract.protocol import OUTPUTS_MAX_BYTES
from ...execution.json_form import EXACT_INTEGER_MAX, pointer
from ...store import to_json

if TYPE_CHECKING:
    from ...contract.formats import EnvelopeAnswerError, EnvelopeAnswerResult, RunResult


class Answer(TypedDict, total=False):
    """The answer of the action or flow that a step calls: `result` or `error`."""

    result: Any
    error: Any
    kinds: list[str]
    """Names of a flow's failure for `retry.on`."""


LONG_DIGITS = re.compile(rb"\d{16}")
"""Matches the JSON text of an integer that a double may not hold."""


def answer_of(result: RunResult) -> RunResult:
    """The run's result as its clients get it. `exact` lists the outputs that are text here but numbers in `result.json`."""
    if not result.get("outputs"):
        return result
    text = to_json(result)
    if len(text) > OUTPUTS_MAX_BYTES:
        note = f"the outputs are longer than {OUTPUTS_MAX_BYTES >> 10} kB: read them with Metaflow's client"
        kept = result | {"outputs": dict.fromkeys(result["outputs"]), "note": note}
        kept.pop("exact", None)
        return kept
    if not LONG_DIGITS.search(text):
        return result
    exact = dict(result.get("exact", {}))
    outputs = _with_texts(result["outputs"], [], exact)
    answer: RunResult = {**result, "outputs": outputs}
    if exact:
        answer["exact"] = exact
    return answer


def _with_texts(value: Any, path: list[str | int], exact: dict[str, str]) -> Any:
    if _is_long_integer(value):
        exact[pointer(path)] = str(value)
        return str(value)
    if isinstance(value, dict):
        return {key: _with_texts(item, [*path, key], exact) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_texts(item, [*path, index], exact) for index, item in enumerate(value)]
    return value


def _is_long_integer(value: Any) -> bool:
    return isinstance(value, int) and abs(value) > EXACT_INTEGER_MAX


def rounded(value: Any) -> tuple[str, int | float] | None:
    """`(place, number)` of the first whole number that may have been rounded; None if there is none.

    Node writes doubles from 10^21 on with an exponent, which Python reads as floats, although they may have been integers.
    """
    ahead = [("", value)]  # no recursion, because OpenWhisk accepts JSON that is deeper than Python's stack allows
    while ahead:
        place, value = ahead.pop()
        if isinstance(value, (int, float)) and abs(value) > EXACT_INTEGER_MAX and value == value // 1:
            return place, value
        if isinstance(value, dict):
            ahead += [(f"{place}.{key}" if place else key, item) for key, item in reversed(value.items())]
        elif isinstance(value, list):
            ahead += [(f"{place}[{index}]", item) for index, item in reversed([*enumerate(value)])]
    return None


def answer_of_action(answer: EnvelopeAnswerResult | EnvelopeAnswerError | None) -> Answer | None:
    """The answer of an action as it arrived through the conductor."""
    if answer is None:
        return None
    if "result" not in answer:
        return {"error": answer["error"]}
    found = rounded(answer["result"])
    if found is None:
        return {"result": answer["result"]}
    place, number = found
    where = f'"{place}" of the answer' if place else "the answer"
    problem = f"{where} is the number {number}: OpenWhisk's conductor, which passes it on, rounds integers beyond 2^53"
    return {"error": f"{problem}; return it as text"}
