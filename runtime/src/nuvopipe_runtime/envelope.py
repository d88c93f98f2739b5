"""The envelope's keys and size; `src/contract/envelope.ts` describes them."""

import json

from .contract.protocol import ENVELOPE_MAX_BYTES

KEYS = (
    *("run", "block", "step", "at", "claim", "again", "lease", "used", "home"),
    *("wait", "guard", "died", "params", "answerWithin", "from", "attempt", "poll", "answer"),
    *("sweep", "cancel", "origin", "grow", "waits", "standIn", "overdue", "answerBy", "wake", "since"),
)


def from_arguments(arguments):
    """The envelope among an activation's arguments; the others are parameters bound at deploy."""
    return {key: arguments[key] for key in KEYS if arguments.get(key) is not None}


def check_size(envelope):
    """Outputs, and what an action is given, are as long as they are; all else is small whatever the artifacts weigh."""
    size = len(json.dumps({key: value for key, value in envelope.items() if key not in ("result", "call")}))
    if size > ENVELOPE_MAX_BYTES:
        raise ValueError(f"the envelope is {size} bytes long, of {ENVELOPE_MAX_BYTES}: the flow is nested too deep")
