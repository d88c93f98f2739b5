"""The outcome of calling an action or a flow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ...contract.formats import Envelope
    from ...execution.attempt import Attempt
    from ..values.conductor_values import Answer


@dataclass(frozen=True)
class CallOutcome:
    """Exactly one of these is set."""

    answer: Answer | None = None
    """The answer."""
    tried: Attempt | None = None
    """The failed attempt."""
    following: Envelope | None = None
    """The envelope with which the call continues."""


def marked(envelope: Envelope, attempt: int) -> Envelope:
    """Returns the envelope with the number of the attempt, unless it is the first."""
    return envelope | {"attempt": attempt} if attempt else envelope.copy()
