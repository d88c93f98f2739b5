"""Decides how many lanes a fork has. Another lane pays if its share of the remaining work takes longer than its start-up.

Both are measured while the first lanes work; the container remembers the start-up time (`Pace`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ...contract.formats import Envelope
    from ..related_runs.launches import Launches

START_UNKNOWN_MS = 2_000
"""Assumed start-up time of a lane until one has started: the containers of a conductor and a step, on a busy machine."""

WARM_START_MS = 300
"""With a start-up time up to this, the lane used warm containers: more lanes cost only their launch."""

LONG_STARTS = 2
"""If an item takes this many start-up times, starting a lane for it does not slow it down noticeably."""

LOOK_AGAIN_MS = 50
"""Pause between two looks at a pool."""

GROW_FIRST_MS = 2_000
GROW_AGAIN_MS = 15_000
"""Interval at which a fork asks for more lanes after a refusal."""

CARRIED = 6
"""Length of `state` while no lanes are being launched."""


def lanes_to_add(remaining: int, item_ms: float, lanes: int, start_ms: int, is_measured: bool) -> int:
    """How many more lanes pay. `remaining` items are unclaimed and take `item_ms` or more; `lanes` are working or starting.

    Each item that takes longer than a start is worth a lane. For shorter items, each lane must still find work for as long as
    it takes to start. If starts may be slow, the lanes at most double, because each start slows the others; then `start_ms` is
    measured again.
    """
    ends_in_ms = remaining * item_ms / lanes
    pay = remaining if item_ms >= start_ms else int(lanes * (ends_in_ms / start_ms - 1))
    is_cheap = item_ms >= LONG_STARTS * start_ms or (is_measured and start_ms <= WARM_START_MS)
    return max(0, min(remaining, pay, remaining if is_cheap else lanes))


FIRST = -1
"""Stands for the start-up time while no lane has been launched."""


class Growth:
    """The lanes of a fork that are not launched yet. One lane at a time is in charge of them: the one that opened the fork,
    then the first lane that it launched, which has measured its own start-up.

    `state` is in that lane's envelope (`Envelope.grow` of `schemas/envelope.v1.schema.json`) and is changed in place: the
    opener, the number of missing lanes, when to look again, when the last lanes were launched, when the current item began,
    and the duration of the previous one. While lanes are being launched, these count as missing, and one more number says how
    many others the first of them will be in charge of.
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
        """Called after the conductor has launched lanes: those that were refused are still missing."""
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
        """Called before `count` lanes are launched, the first of which will be in charge of `carried` more."""
        self._state[1:4] = count, 0, now_ms
        self._state.append(carried)

    def carried(self, missing: int, now_ms: int) -> list[Any]:
        """The state for the first of the launched lanes."""
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
        """Duration of an item in this lane: of the previous one, or of the current one so far."""
        return max(now_ms - self._number(4), self._number(5))

    def next_item(self, now_ms: int) -> None:
        self._state[4:6] = now_ms, now_ms - self._state[4]

    def arrive(self, now_ms: int) -> int:
        """Returns the start-up time of the lane that was launched with this state."""
        return now_ms - self._number(3)

    def forked_for_ms(self, now_ms: int) -> int:
        """Time since the fork's first item began."""
        return now_ms - self._number(4)

    def look_again(self, at_ms: int) -> None:
        self._state[2] = at_ms

    def _number(self, index: int) -> int:
        number: int = self._state[index]
        return number
