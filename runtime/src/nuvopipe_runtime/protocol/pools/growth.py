"""How many lanes a fork has. Another lane pays if its share of the remaining work takes longer than starting its containers.
Both are measured while the first lanes work; the container remembers the latter (`Pace`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ...contract.formats import Envelope

START_UNKNOWN_MS = 2_000
"""Assumed start-up time of a lane until one has started: the containers of a conductor and a step, on a busy machine."""

WARM_START_MS = 300
"""Up to this start-up time no container was started: more lanes cost only their launch."""

LONG_STARTS = 2
"""Items that take this many start-up times are not slowed noticeably by them."""

LOOK_AGAIN_MS = 50
"""Pause between two looks at a pool."""


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


class Growth:
    """Lanes of a fork that are not launched yet, carried by the lane that opened it.

    `state` is in its envelope, as `Envelope.grow` of `src/contract/envelope.ts`, and changed in place: the opener, how many are
    missing, when to look again, since when the last ones are being started (0: they have), when the item began, and what the
    one before it took.
    """

    def __init__(self, state: list[Any]) -> None:
        self._state = state
        self.opener: str = state[0]

    @classmethod
    def of(cls, envelope: Envelope, opener: str | None = None) -> Growth | None:
        state = envelope.get("grow")
        return cls(state) if state and state[1] and opener in (None, state[0]) else None

    @classmethod
    def begin(cls, envelope: Envelope, opener: str, missing: int, not_before: int, starting_since: int, now_ms: int) -> None:
        envelope["grow"] = [opener, missing, not_before, starting_since, now_ms, 0]

    @property
    def missing(self) -> int:
        return self._number(1)

    def is_due(self, now_ms: int) -> bool:
        return now_ms >= self._number(2)

    @property
    def starting_since(self) -> int:
        return self._number(3)

    def item_ms(self, now_ms: int) -> int:
        """Duration of the lane's items: of the previous one, or of this one so far."""
        return max(now_ms - self._number(4), self._number(5))

    def next_item(self, now_ms: int) -> None:
        self._state[4:] = now_ms, now_ms - self._state[4]

    def arrived(self) -> None:
        self._state[3] = 0

    def launched(self, count: int, now_ms: int) -> None:
        self._state[1] -= count
        self._state[3] = now_ms if count else self._state[3]

    def look_again(self, at_ms: int) -> None:
        self._state[2] = at_ms

    def _number(self, index: int) -> int:
        number: int = self._state[index]
        return number
