"""The envelope's keys and size; `Envelope` of `contract/formats.py` describes them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from .contract.protocol import BOUND_PARAMETERS, ENVELOPE_MAX_BYTES, ENVELOPE_VERSION
from .contract.versions import OtherVersion, check_version

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from .contract.formats import Envelope

KEYS = (
    *("run", "block", "step", "at", "claim", "again", "lease", "used", "home"),
    *("wait", "guard", "died", "params", "answerWithin", "from", "attempt", "poll", "answer"),
    *("sweep", "cancel", "origin", "grow", "waits", "standIn", "overdue", "answerBy", "wake", "since"),
    *("launched", "handsOver", "awaits", "resigns", "rescues", "starts", "watched"),
)
"""Keys of envelopes that enter a session."""

ANSWERED = ("call", "launch", "result")
"""Keys of envelopes that a session answers with."""


def from_arguments(arguments: dict[str, Any]) -> Envelope:
    """Returns the envelope among an activation's arguments; the others were bound by the deploy. Raises `OtherVersion`."""
    given = {key: value for key, value in arguments.items() if key not in BOUND_PARAMETERS and not key.startswith("__ow_")}
    return checked({key: value for key, value in given.items() if value is not None})


def checked(envelope: Mapping[str, Any]) -> Envelope:
    """Returns an envelope that this runtime understands in full. Raises `OtherVersion`: dropping a key could change the run."""
    check_version("the envelope", envelope, ENVELOPE_VERSION)
    unknown = sorted(envelope.keys() - {*KEYS, *ANSWERED, "version"})
    if unknown:
        raise OtherVersion(f"the envelope has {', '.join(unknown)}, which this version of nuvopipe does not know")
    return cast("Envelope", {key: value for key, value in envelope.items() if key in KEYS})


def only(envelope: Envelope, keys: Collection[str]) -> Envelope:
    """Returns a copy with only these keys, as far as they are present."""
    return cast("Envelope", {key: value for key, value in envelope.items() if key in keys})


def without(envelope: Envelope, keys: Collection[str]) -> Envelope:
    """Returns a copy without these keys."""
    return cast("Envelope", {key: value for key, value in envelope.items() if key not in keys})


def check_size(envelope: Mapping[str, Any]) -> None:
    """Raises ValueError if the envelope is too long. Outputs and arguments of actions do not count."""
    size = len(json.dumps({key: value for key, value in envelope.items() if key not in ANSWERED}))
    if size > ENVELOPE_MAX_BYTES:
        raise ValueError(f"the envelope is {size} bytes long, but may have {ENVELOPE_MAX_BYTES}: the flow is nested too deep")
