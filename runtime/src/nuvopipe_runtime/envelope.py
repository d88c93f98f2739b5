"""The envelope's keys and size; `src/contract/envelope.ts` describes them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from .contract.protocol import ENVELOPE_MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from .contract.formats import Envelope

KEYS = (
    *("run", "block", "step", "at", "claim", "again", "lease", "used", "home"),
    *("wait", "guard", "died", "params", "answerWithin", "from", "attempt", "poll", "answer"),
    *("sweep", "cancel", "origin", "grow", "waits", "standIn", "overdue", "answerBy", "wake", "since"),
)


def from_arguments(arguments: dict[str, Any]) -> Envelope:
    """The envelope among an activation's arguments; the others are parameters bound at deploy."""
    return cast("Envelope", {key: arguments[key] for key in KEYS if arguments.get(key) is not None})


def only(envelope: Envelope, keys: Collection[str]) -> Envelope:
    """A copy with these keys, as far as they are there."""
    return cast("Envelope", {key: value for key, value in envelope.items() if key in keys})


def without(envelope: Envelope, keys: Collection[str]) -> Envelope:
    """A copy that lacks these keys."""
    return cast("Envelope", {key: value for key, value in envelope.items() if key not in keys})


def check_size(envelope: Mapping[str, Any]) -> None:
    """Outputs, and what an action is given, are as long as they are; all else is small whatever the artifacts weigh."""
    size = len(json.dumps({key: value for key, value in envelope.items() if key not in ("result", "call")}))
    if size > ENVELOPE_MAX_BYTES:
        raise ValueError(f"the envelope is {size} bytes long, of {ENVELOPE_MAX_BYTES}: the flow is nested too deep")
