"""Answers clients in time: a client's session executes only what is likely to finish in time, and hands over the rest.

A session cannot leave a step that has begun, so it decides before. A step begins if its time limit fits, or if it is likely to
be short, judging by its duration in this run or, at the start of a run, in an earlier one. A client that says how long it waits
is always answered in time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...contract.openwhisk import ACTION_TIME_DEFAULT_MS
from ...contract.protocol import ANSWER_WITHIN_S, PAUSE_MAX_MS

if TYPE_CHECKING:
    from ...contract.formats import Envelope

BEGINNING_S = 3.0
"""A run that has lasted this long is not quick, so that the cost of a handover does not matter."""

MARGIN_S = 1.0
IN_THIS_RUN, IN_AN_EARLIER_ONE = 5, 3
"""A step is expected to take at most this many times its earlier duration."""


def answer_in_time(envelope: Envelope, now_ms: int) -> None:
    """Writes the time by which the session must answer into the envelope, if a client waits for it."""
    within = envelope.get("answerWithin", ANSWER_WITHIN_S)
    if envelope.get("home") and within > 0:
        envelope["answerBy"] = now_ms + round(within * 1000)


def fits(envelope: Envelope, limit_s: float, known: tuple[float, bool] | None, now_ms: int) -> bool:
    """Whether a step with this time limit may begin in the session; `known` is its entry in `Durations`."""
    by = envelope.get("answerBy")
    if by is None:
        return True
    left_s = (by - now_ms) / 1000
    if limit_s <= left_s:
        return True
    if "answerWithin" in envelope:
        return False
    if known is not None and known[1]:
        return known[0] * IN_THIS_RUN + MARGIN_S <= left_s
    if left_s < ANSWER_WITHIN_S - BEGINNING_S:
        return False
    # A step that asks for more than the default is expected to take long.
    return limit_s <= ACTION_TIME_DEFAULT_MS / 1000 if known is None else known[0] * IN_AN_EARLIER_ONE + MARGIN_S <= left_s


def outlasts(envelope: Envelope, wait_ms: int, now_ms: int) -> bool:
    """Whether the first component of a pause ends after the client's time."""
    by = envelope.get("answerBy")
    return by is not None and now_ms + min(wait_ms, PAUSE_MAX_MS) > by
