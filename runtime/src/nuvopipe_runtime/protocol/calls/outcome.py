"""What comes of asking an action, or a flow, for a step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ...contract.formats import Envelope
    from ...execution.attempt import Attempt
    from ..values.conductor_values import Answer


@dataclass(frozen=True)
class CallOutcome:
    """One of the three."""

    answer: Answer | None = None
    """What was answered."""
    tried: Attempt | None = None
    """How it failed."""
    following: Envelope | None = None
    """The envelope that goes on asking."""


def marked(envelope: Envelope, attempt: int) -> Envelope:
    """With the attempt, unless it is the first."""
    return envelope | {"attempt": attempt} if attempt else envelope.copy()
