"""What becomes of values on their way through OpenWhisk's conductor, which runs on Node: its numbers are doubles.

An integer beyond 2^53 would be rounded there, and nobody would be told. What goes out has such integers as text; of what comes
in, a whole number that may have been rounded is refused by name. Numbers with a fraction are doubles in Python, too.
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
    """What the action, or the flow, of a step has answered: `result`, or `error`."""

    result: Any
    error: Any
    kinds: list[str]
    """What `retry.on` may call the failure of a flow."""


LONG_DIGITS = re.compile(rb"\d{16}")
"""In the JSON text of an integer that a double may not hold."""


def answer_of(result: RunResult) -> RunResult:
    """A run's result as its clients are answered; `exact` names the outputs that are texts and are numbers in `result.json`."""
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
    """`(place, number)` of the first whole number that may not be the one that was sent; None where there is none.

    Node writes a double from 10^21 on with an exponent, so that Python has a float of what may have been an integer.
    """
    ahead = [("", value)]  # no recursion: OpenWhisk takes JSON as deep as Python's own stack
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
    """What an action answered a step, through the conductor: `{"result": …}` or `{"error": …}`."""
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
