"""Checks and completes the parameters of a run before anything is written.

`src/platform/runs/parameter-texts.ts` makes the same checks, with the same messages, before it invokes;
`schemas/golden/parameters.json` has the test cases of both.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import math
import os
import re
from typing import TYPE_CHECKING, Any

from ...contract.protocol import EXACT_PARAMETERS, RUN_NAME, VALUE_SHOWN_MAX_LENGTH
from .conductor_values import rounded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...contract.formats import Envelope, GivenParameter, ParameterType, PlannedParameter

WHOLE = re.compile(r"[+-]?[0-9]+")
NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")

BOOLEANS = {
    **dict.fromkeys(("true", "t", "1", "yes", "y", "on"), True),
    **dict.fromkeys(("false", "f", "0", "no", "n", "off"), False),
}
"""Spellings that Metaflow accepts on its command line (click's BOOL)."""

ROUNDS_ITSELF = ("number", "boolean")
"""Types whose values the conductor does not alter: they have no numbers, or only doubles."""

REFUSALS = (ValueError, TypeError, LookupError, OverflowError, RecursionError)
"""Raised for a value of the wrong type."""

TYPE_NAMES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "json": "JSON",
    "secret": "text",
    "file": "text",
}

BINARY = "the base64 text of a file"


class BadParameters(Exception):
    """The parameters are wrong; the message lists every problem, for the client to fix."""

    code: str | None = None
    """Code of the error in the answer, for clients that act on it."""


class BadValues(BadParameters):
    """Bad parameters of a run with a valid name. The run is recorded, and its `onFailure` reads `values`: None for bad ones."""

    def __init__(self, message: str, values: dict[str, Any]) -> None:
        super().__init__(message)
        self.values = values


def is_run_name(text: str) -> bool:
    return RUN_NAME.fullmatch(text) is not None


def check_invocation(envelope: Envelope) -> None:
    """Checks the run's name and how long its client waits. Raises `BadParameters`."""
    if not is_run_name(envelope["run"]):
        shown = json.dumps(envelope["run"][:VALUE_SHOWN_MAX_LENGTH], ensure_ascii=False)
        raise BadParameters(
            f"invalid run name {shown}: use up to 128 letters, digits, '-', '_' and '.', starting with a letter or digit"
        )
    wait = envelope.get("answerWithin", 0)
    if isinstance(wait, bool) or not isinstance(wait, (int, float)) or not math.isfinite(wait) or wait < 0:
        raise BadParameters(f"'wait' must be a number of seconds from 0, not {_shown(wait)}")


def unpacked(given: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """Returns `(values, whether they are exact)`. Values that came through the conductor may be rounded."""
    return (json.loads(given[EXACT_PARAMETERS]), True) if EXACT_PARAMETERS in given else (given, False)


def complete(
    specs: dict[str, PlannedParameter],
    given: dict[str, Any],
    directory: str = "",
    is_exact: bool = False,
    is_conducted: bool = True,
) -> dict[str, Any]:
    """Returns the value of every parameter of the flow, by name. Reads files from `directory`; binary ones become base64.

    Numbers can be given as text, which `wsk -p` may send, and null means not given. Text for a `json` parameter is parsed as
    JSON, unless the values are `is_exact`. If they are `is_conducted`, whole numbers that the conductor may have rounded are
    refused. Raises `BadValues`.
    """
    values, problems = {}, []
    for name, spec in specs.items():
        if given.get(name) is not None:
            value, found = read(spec, given[name], is_exact, is_conducted)
            values[name] = None if found else value
            problems += [f'the parameter "{name}" {problem}' for problem in found]
        elif spec.get("required"):
            problems.append(f'the parameter "{name}" is missing' + (f" ({spec['help']})" if spec.get("help") else ""))
    # OpenWhisk does not keep the order of arguments.
    unknown = sorted(name for name in given if name not in specs)
    problems += [f'the flow has no parameter "{name[:VALUE_SHOWN_MAX_LENGTH]}"' for name in unknown]
    if unknown:
        problems.append("the flow's parameters: " + (", ".join(map(_signature, specs.items())) or "none"))
    completed = {name: values[name] if name in values else _default(spec, directory) for name, spec in specs.items()}
    if problems:
        raise BadValues("; ".join(problems), completed)
    return completed


def read(spec: PlannedParameter, given: Any, is_exact: bool = False, is_conducted: bool = True) -> tuple[Any, list[str]]:
    """Returns `(value, problems)`."""
    kind, is_secret, is_binary = spec["type"], spec["type"] == "secret", spec.get("binary", False)
    if is_conducted and not is_exact and kind not in ROUNDS_ITSELF:
        found = rounded(given)
        if found is not None:
            place = f' (at "{found[0]}")' if found[0] else ""
            text = "JSON text" if kind == "json" else "text"
            return None, [f"must be sent as {text}: OpenWhisk's conductor rounds integers beyond 2^53{place}"]
    try:
        value = _content(given) if is_binary else convert(kind, given, is_exact)
    except REFUSALS:
        wanted = BINARY if is_binary else TYPE_NAMES[kind]
        return None, [f"must be {wanted}{'' if is_secret else f', not {_shown(given)}'}"]
    shown = "" if is_secret else f", not {_shown(value)}"
    return value, [f"must {demand}{shown}" for demand in _unmet(spec, value)]


def _unmet(spec: PlannedParameter, value: Any) -> Iterator[str]:
    choices, least, most, pattern = spec.get("enum"), spec.get("min"), spec.get("max"), spec.get("pattern")
    if choices is not None and value not in choices:
        yield "be one of " + ", ".join(map(_shown, choices))
    if (least is not None and value < least) or (most is not None and value > most):
        if most is None:
            yield f"be at least {_shown(least)}"
        elif least is None:
            yield f"be at most {_shown(most)}"
        else:
            yield f"be from {_shown(least)} to {_shown(most)}"
    if pattern is not None and not re.fullmatch(pattern, value):
        yield f"match the pattern {pattern} as a whole"


def convert(kind: ParameterType, value: Any, is_exact: bool = False) -> Any:
    """Converts a client's value to a type. Raises one of `REFUSALS` if it does not fit."""
    if kind == "json":
        return _finite(value if is_exact or not isinstance(value, str) else json.loads(value))
    if kind == "boolean":
        if not isinstance(value, (bool, int, str)):
            raise TypeError
        return BOOLEANS[str(value).lower()]
    if kind in ("integer", "number"):
        return _number(kind, value)
    if isinstance(value, (dict, list)):
        raise TypeError
    text = value if isinstance(value, str) else json.dumps(value)
    # Python, and thus Metaflow's IncludeFile, reads text files like this.
    return text.replace("\r\n", "\n").replace("\r", "\n") if kind == "file" else text


def _number(kind: ParameterType, value: Any) -> int | float:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise TypeError
    if isinstance(value, str) and not (WHOLE if kind == "integer" else NUMBER).fullmatch(value):
        raise ValueError
    number = int(value) if kind == "integer" else float(value)
    if not math.isfinite(number) or (kind == "integer" and not isinstance(value, str) and number != value):
        raise ValueError
    return number


def _finite(value: Any) -> Any:
    """Returns the JSON value. Raises ValueError for NaN and infinities, which Python's parser accepts."""
    ahead = [value]
    while ahead:
        part = ahead.pop()
        if isinstance(part, float) and not math.isfinite(part):
            raise ValueError
        ahead += part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
    return value


def _content(value: Any) -> str:
    """Returns the base64 content of a file. Raises ValueError if it is not base64."""
    if not isinstance(value, str):
        raise TypeError
    try:
        base64.b64decode(value, validate=True)
    except binascii.Error as error:
        raise ValueError from error
    return value


def _default(spec: PlannedParameter, directory: str) -> Any:
    default, kind = spec.get("default"), spec["type"]
    if default is None:
        return None
    if kind == "number":
        return float(default)
    if kind != "file":
        return default
    path = os.path.join(directory, default)
    if spec.get("binary"):
        with open(path, "rb") as file:
            return base64.b64encode(file.read()).decode()
    with open(path, encoding="utf-8-sig") as file:
        return file.read()


def facts_of(specs: dict[str, PlannedParameter], given: dict[str, Any], key: bytes) -> dict[str, GivenParameter]:
    """`given` of `run.json`: by name, a digest under `key`, and the text of all but secrets."""
    return {name: _fact(specs[name], value, key) for name, value in given.items()}


def _fact(spec: PlannedParameter, value: Any, key: bytes) -> GivenParameter:
    digest = hmac.digest(key, json.dumps(value, sort_keys=True).encode(), "sha256").hex()
    if spec["type"] == "secret":
        return {"digest": digest}
    is_text = spec["type"] == "file" and value is not None
    return {"digest": digest, "shown": f"{len(value)} characters" if is_text else _shown(value)}


def differences(
    specs: dict[str, PlannedParameter],
    before: dict[str, GivenParameter],
    now: dict[str, GivenParameter],
    key: bytes,
    directory: str = "",
) -> list[str]:
    """Describes how two starts of a run differ, one text per parameter; `before` and `now` are their facts."""
    texts = []
    for name in sorted({*before, *now} & specs.keys()):
        default = _fact(specs[name], _default(specs[name], directory), key)
        was, is_now = before.get(name, default), now.get(name, default)
        if was["digest"] != is_now["digest"]:
            shown = f"{was['shown']}, not {is_now['shown']}" if "shown" in was else "another one"
            texts.append(f'"{name}" was {shown}')
    return texts


def _signature(parameter: tuple[str, PlannedParameter]) -> str:
    name, spec = parameter
    return f"{name} ({spec['type']}{', required' if spec.get('required') else ''})"


def _shown(value: Any) -> str:
    """The value as JSON in JavaScript's form, shortened."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        value = int(value)
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text if len(text) <= VALUE_SHOWN_MAX_LENGTH else text[:VALUE_SHOWN_MAX_LENGTH] + "…"
