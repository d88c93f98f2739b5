"""The envelope's keys and size; `src/model/envelope.ts` describes them."""

import json

KEYS = (
    *("run", "block", "step", "at", "claim", "again", "lease", "used", "home"),
    *("wait", "guard", "died", "params", "answerWithin"),
)

MAX_BYTES = 1024
"""Invariant I5: from the design."""


def from_arguments(arguments):
    """The envelope among an activation's arguments; the others are parameters bound at deploy."""
    return {key: arguments[key] for key in KEYS if arguments.get(key) is not None}


def check_size(envelope):
    """A result carries the run's outputs; everything else stays small whatever the artifacts weigh."""
    size = len(json.dumps({key: value for key, value in envelope.items() if key != "result"}))
    if size > MAX_BYTES:
        raise ValueError(f"the envelope is {size} bytes long, of {MAX_BYTES}: the flow is nested too deep")
