"""What a client gave a run, checked and completed, before anything is written."""

import json
import math
import re

RUN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")
"""It is a part of keys and pathspecs, and travels in every envelope."""


class BadParameters(Exception):
    """The client's to put right; the message lists every problem."""


def check_invocation(envelope):
    """The keys of an invocation that are not parameters: the run's name, and how long its client waits."""
    if not RUN_NAME.fullmatch(envelope["run"]):
        shown = json.dumps(envelope["run"][:80], ensure_ascii=False)
        raise BadParameters(f"{shown} cannot name a run: up to 128 letters, digits, '-', '_' and '.', a letter or digit first")
    wait = envelope.get("answerWithin", 0)
    if isinstance(wait, bool) or not isinstance(wait, (int, float)) or not math.isfinite(wait) or wait < 0:
        shown = json.dumps(wait, ensure_ascii=False)[:80]
        raise BadParameters(f"'wait' must be a number of seconds from 0, not {shown}")


def complete(specs, given):
    """Value by name for every parameter of the flow. Strings are taken for numbers, as `wsk -p` may send them."""
    problems = []
    for name in given:
        if name not in specs:
            known = ", ".join(sorted(specs)) or "none"
            problems.append(f"unknown parameter '{name}' (the flow's parameters: {known})")
    values = {}
    for name, spec in specs.items():
        if given.get(name) is not None:
            try:
                values[name] = convert(spec["type"], given[name])
            except (ValueError, TypeError, OverflowError):
                text = json.dumps(given[name], ensure_ascii=False)[:80]
                problems.append(f"parameter '{name}' must be {ARTICLES[spec['type']]}, not {text}")
        elif spec.get("required"):
            problems.append(f"parameter '{name}' is required")
        else:
            values[name] = spec.get("default")
    if problems:
        raise BadParameters("; ".join(problems))
    return values


ARTICLES = {
    "string": "a string",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
    "json": "JSON",
}


def convert(kind, value):
    if kind == "json":
        return json.loads(value) if isinstance(value, str) else value
    if kind == "string":
        if isinstance(value, (dict, list, bool)):
            raise TypeError
        return str(value)
    if kind == "boolean":
        if isinstance(value, str) and value.lower() in ("true", "false"):
            return value.lower() == "true"
        if not isinstance(value, bool):
            raise TypeError
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise TypeError
    if kind == "number":
        return float(value)
    number = float(value)
    if number != int(number):
        raise ValueError
    return int(value) if isinstance(value, (int, str)) else int(number)
