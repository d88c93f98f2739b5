"""How many lanes a fork has. Another lane pays if its share of the remaining work takes longer than starting its containers.
Both are measured while the first lanes work; the container remembers the latter (`Pace`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ...contract.formats import Envelope
    from ..related_runs.launches import Launches

START_UNKNOWN_MS = 2_000
"""Assumed start-up time of a lane until one has started: the containers of a conductor and a step, on a busy machine."""

WARM_START_MS = 300
"""Up to this start-up time no container was started: more lanes cost only their launch."""

LONG_STARTS = 2
"""Items that take this many start-up times are not slowed noticeably by them."""

LOOK_AGAIN_MS = 50
"""Pause between two looks at a pool."""

GROW_FIRST_MS = 2_000
GROW_AGAIN_MS = 15_000
"""After a refusal, a fork asks for more lanes at these intervals."""

CARRIED = 6
"""Numbers of a state while no lanes are being launched."""


def lanes_to_add(remaining: int, item_ms: float, lanes: int, start_ms: int, is_measured: bool) -> int:
    """How many more lanes pay. `remaining` items are unclaimed, each takes at least `item_ms`; `lanes` are working or starting.

    Each item that takes longer than a start is worth a lane. For shorter items, each lane must still find work for as long as
    it takes to start. If starts may be slow, the lanes at most double, because each start slows the others; then `start_ms` is
    measured again.
    """
    ends_in_ms = remaining * item_ms / lanes
    pay = remaining if item_ms >= start_ms else int(lanes * (ends_in_ms / start_ms - 1))
    is_cheap = item_ms >= LONG_STARTS * start_ms or (is_measured and start_ms <= WARM_START_MS)
    return max(0, min(remaining, pay, remaining if is_cheap else lanes))


FIRST = -1
"""In the place of a start: no lane has been launched yet."""


class Growth:
    """A fork's lanes that are not launched yet. One lane at a time carries them: the one that opened the fork, then the first
    of those that it has launched, which knows what a start takes.

    `state` is in its envelope, as `Envelope.grow` of `schemas/envelope.v1.schema.json`, and changed in place: the opener, how
    many are missing, when to look again, when the last ones were launched, when the item began, and what the one before it
    took. While lanes are launched, those are the missing ones, and one more number tells how many the first of them carries.
    """

    def __init__(self, state: list[Any]) -> None:
        self._state = state
        self.opener: str = state[0]

    @classmethod
    def of(cls, envelope: Envelope, opener: str | None = None) -> Growth | None:
        state = envelope.get("grow")
        return cls(state) if state and state[1] and opener in (None, state[0]) else None

    @classmethod
    def begin(cls, envelope: Envelope, opener: str, missing: int, now_ms: int) -> None:
        envelope["grow"] = [opener, missing, now_ms, FIRST, now_ms, 0]

    @staticmethod
    def settle(envelope: Envelope, launches: Launches, now_ms: int) -> None:
        """After the conductor has launched lanes: those that were refused are still missing."""
        state = envelope.get("grow")
        if state is None or len(state) <= CARRIED:
            return
        carried = state.pop()
        if not launches.is_refused:
            del envelope["grow"]
            return
        state[1] += (carried if launches.taken == 0 else 0) - launches.taken
        state[2] = now_ms + (GROW_FIRST_MS if launches.is_crowded else GROW_AGAIN_MS + now_ms % GROW_FIRST_MS)

    def ask(self, count: int, carried: int, now_ms: int) -> None:
        """While `count` lanes are launched, of which the first carries `carried` more."""
        self._state[1:4] = count, 0, now_ms
        self._state.append(carried)

    def carried(self, missing: int, now_ms: int) -> list[Any]:
        """What the first of the launched lanes carries."""
        return [self.opener, missing, 0, now_ms, self._state[4], 0]

    @property
    def missing(self) -> int:
        return self._number(1)

    def is_due(self, now_ms: int) -> bool:
        return now_ms >= self._number(2)

    @property
    def is_first(self) -> bool:
        return self._number(3) == FIRST

    def item_ms(self, now_ms: int) -> int:
        """Duration of the lane's items: of the previous one, or of this one so far."""
        return max(now_ms - self._number(4), self._number(5))

    def next_item(self, now_ms: int) -> None:
        self._state[4:6] = now_ms, now_ms - self._state[4]

    def arrive(self, now_ms: int) -> int:
        """In a lane that was launched with it: what its start took."""
        return now_ms - self._number(3)

    def forked_for_ms(self, now_ms: int) -> int:
        """Since the fork's first item began."""
        return now_ms - self._number(4)

    def look_again(self, at_ms: int) -> None:
        self._state[2] = at_ms

    def _number(self, index: int) -> int:
        number: int = self._state[index]
        return number
