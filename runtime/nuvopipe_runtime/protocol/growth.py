"""How many lanes a fork has: one more at a time pays where its share of what is left takes longer than its containers take to
start. What both take is measured while the first lanes work; pure but for what a container remembers of earlier forks.
"""

START_UNKNOWN_MS = 2_000
"""Supposed of a lane as long as none has started: a conductor's and a step's container, on a machine that has other work."""

WARM_START_MS = 300
"""No container has been started: more lanes cost nothing but their launch."""

REMEMBERED_FOR_MS = 120_000
"""OpenWhisk keeps an idle container for ten minutes, and gives it up earlier where it needs the room."""

LOOK_AGAIN_MS = 50
"""Between two looks at a pool."""


class Pace:
    """What a container remembers of how long lanes take to start."""

    def __init__(self, start_ms=None):
        self._start_ms = start_ms
        self._until = float("inf")

    def remember(self, start_ms, now_ms):
        self._start_ms, self._until = start_ms, now_ms + REMEMBERED_FOR_MS

    def start_ms(self, now_ms):
        """None where nothing is known that still holds."""
        return self._start_ms if now_ms < self._until else None


def lanes_to_add(remaining, item_ms, lanes, start_ms, is_measured):
    """How many pay, `lanes` being at work or started: so many that each still finds work for as long as it takes to start.

    `remaining` items are unclaimed, each takes `item_ms`. Where lanes take long to start they double at most, since each start
    slows the others; `start_ms` is measured anew then.
    """
    if is_measured and start_ms <= WARM_START_MS:
        most = remaining
    else:
        most = min(remaining, lanes)
    ends_in_ms = remaining * item_ms / lanes
    return max(0, min(most, int(lanes * (ends_in_ms / max(start_ms, 1) - 1))))


class Growth:
    """A fork's lanes that are not launched yet, as the lane that opened it carries them.

    `state` is in its envelope, as `Envelope.grow` of `src/model/envelope.ts`, and changed in place: the opener, how many are
    missing, when to look again, since when the last ones are being started (0: they have), and when the item began.
    """

    def __init__(self, state):
        self._state = state
        self.opener = state[0]

    @classmethod
    def of(cls, envelope, opener=None):
        state = envelope.get("grow")
        return cls(state) if state and state[1] and opener in (None, state[0]) else None

    @classmethod
    def begin(cls, envelope, opener, missing, not_before, starting_since, now_ms):
        envelope["grow"] = [opener, missing, not_before, starting_since, now_ms]

    @property
    def missing(self):
        return self._state[1]

    def is_due(self, now_ms):
        return now_ms >= self._state[2]

    @property
    def starting_since(self):
        return self._state[3]

    def item_ms(self, now_ms):
        """What the lane's item takes, or has taken so far."""
        return now_ms - self._state[4]

    def next_item(self, now_ms):
        self._state[4] = now_ms

    def arrived(self):
        self._state[3] = 0

    def launched(self, count, now_ms):
        self._state[1] -= count
        self._state[3] = now_ms if count else self._state[3]

    def look_again(self, at_ms):
        self._state[2] = at_ms
