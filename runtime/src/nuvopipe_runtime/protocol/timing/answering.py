"""When a client gets its answer: its own session executes only what is likely to be done by then, and hands over the rest.

A step cannot be left once it has begun, so it is decided before. A step whose time limit fits may begin. A longer one may
where it is likely to be short: by what it took in this run, or, at the very beginning of a run, in an earlier one. A client
that says itself how long it waits is answered in time even then.
"""

from ...contract.protocol import ANSWER_WITHIN_S, PAUSE_MAX_MS

BEGINNING_S = 3.0
"""Since its start a run may be a quick one; a longer one does not feel what it takes to hand over."""

USUAL_LIMIT_S = 60
"""OpenWhisk's default time limit. A step that asks for more is expected to take long, as long as nothing else is known."""

MARGIN_S = 1.0
IN_THIS_RUN, IN_AN_EARLIER_ONE = 5, 3
"""How many times as long as before a step may take."""


class Durations:
    """What the steps executed in this container took, in seconds: the longest of the last run that had each."""

    def __init__(self):
        self._longest = {}

    def add(self, step, run, taken_s):
        of, before = self._longest.get(step, (run, 0))
        self._longest[step] = run, max(taken_s, before if of == run else 0)

    def of(self, step, run):
        """`(seconds, whether in this run)`; None where the step has not been executed here."""
        if step not in self._longest:
            return None
        of, longest = self._longest[step]
        return longest, of == run


def answer_in_time(envelope, now_ms):
    """Notes when the session that a client waits for has to answer; nothing where nobody waits."""
    within = envelope.get("answerWithin", ANSWER_WITHIN_S)
    if envelope.get("home") and within > 0:
        envelope["answerBy"] = now_ms + round(within * 1000)


def fits(envelope, limit_s, known, now_ms):
    """Whether a step with this time limit may begin in the session; `known` is what `Durations.of` says of it."""
    by = envelope.get("answerBy")
    if by is None:
        return True
    left_s = (by - now_ms) / 1000
    if limit_s <= left_s:
        return True
    if "answerWithin" in envelope:
        return False
    seconds, is_of_this_run = known or (None, False)
    if is_of_this_run:
        return seconds * IN_THIS_RUN + MARGIN_S <= left_s
    if left_s < ANSWER_WITHIN_S - BEGINNING_S:
        return False
    return limit_s <= USUAL_LIMIT_S if seconds is None else seconds * IN_AN_EARLIER_ONE + MARGIN_S <= left_s


def outlasts(envelope, wait_ms, now_ms):
    """Whether a pause ends after the client's time; one of OpenWhisk's is not longer than `PAUSE_MAX_MS`."""
    by = envelope.get("answerBy")
    return by is not None and now_ms + min(wait_ms, PAUSE_MAX_MS) > by
