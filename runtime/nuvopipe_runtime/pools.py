"""Pools and their claims: which item a lane works on next, and who goes on after the last one.

Every claim is a conditional PUT, every take-over a compare-and-swap, so of any number of lanes one wins. A pool's items are
worked by any number of lanes; none of them knows of the others but through these objects.
"""

import json
import zlib

from .store import Lost, to_json

LEASE_TIMEOUTS = 2
LEASE_MARGIN_MS = 5_000
"""A claim is held for twice its step's time limit and this: time for one attempt, its start and its commit."""

RENEW_MARGIN_MS = 3_000


def lease_ms(timeout_ms):
    return LEASE_TIMEOUTS * timeout_ms + LEASE_MARGIN_MS


class Pool:
    """One opened pool: `opener` at coordinate `at`. `snapshot` is what the last LIST showed of it."""

    def __init__(self, context, opener, at):
        self._store = context.store
        self._layout = context.layout
        self._clock = context.clock
        self._by = context.by
        self._opener = opener
        self._at = at

    def open(self, items):
        try:
            self._store.create(self._layout.open(self._opener, self._at), to_json({"items": items}))
        except Lost:
            pass  # opened by an earlier entry into the same step

    def items(self):
        return self._store.get_json(self._layout.open(self._opener, self._at))["items"]

    def claim(self, preferred, items, timeout_ms):
        """(item, lease expiry) of an unclaimed item, the preferred one if it is free; None when all are claimed."""
        if preferred < items:
            lease = self._try_claim(self._layout.claim(self._opener, self._at, preferred), timeout_ms)
            if lease:
                return preferred, lease
        while True:
            claimed = self.snapshot().claims
            free = [item for item in range(items) if item not in claimed]
            if not free:
                return None
            # Lanes that collide spread out instead of racing for the same item again.
            item = free[zlib.crc32(self._by.encode()) % len(free)]
            lease = self._try_claim(self._layout.claim(self._opener, self._at, item), timeout_ms)
            if lease:
                return item, lease

    def claim_join(self, timeout_ms):
        return self._try_claim(self._layout.join(self._opener, self._at), timeout_ms)

    def mark_done(self, item):
        self._store.put(self._layout.done(self._opener, self._at, item), b"")

    def renew(self, item, lease, timeout_ms):
        """The claim's new expiry. Raises `Lost` when another session has taken the item over."""
        key = self._layout.claim(self._opener, self._at, item)
        found = self._store.get(key)
        if found is None:
            raise Lost(key)
        claim = json.loads(found[0])
        if lease is not None and claim["expires"] != lease:
            raise Lost(key)
        return self._replace(key, found[2], timeout_ms)

    def take_over(self, item, timeout_ms):
        """The new expiry of an item's expired claim, now ours; None when it is alive, or somebody else was faster."""
        return self._take_over(self._layout.claim(self._opener, self._at, item), timeout_ms)

    def take_over_join(self, timeout_ms):
        return self._take_over(self._layout.join(self._opener, self._at), timeout_ms)

    def any_alive(self, items):
        """Whether any of these items' claims has not expired."""
        keys = [self._layout.claim(self._opener, self._at, item) for item in items]
        found = self._store.parallel([(self._store.get_json, key) for key in keys])
        return any(claim and claim["expires"] > self._clock.now_ms() for claim in found)

    def snapshot(self):
        prefix = self._layout.pool(self._opener, self._at)
        return Snapshot([key[len(prefix) :] for key in self._store.list(prefix)])

    def _take_over(self, key, timeout_ms):
        found = self._store.get(key)
        if found is None or json.loads(found[0])["expires"] > self._clock.now_ms():
            return None
        try:
            return self._replace(key, found[2], timeout_ms)
        except Lost:
            return None

    def _try_claim(self, key, timeout_ms):
        expires = self._clock.now_ms() + lease_ms(timeout_ms)
        try:
            self._store.create(key, to_json({"by": self._by, "expires": expires}))
            return expires
        except Lost:
            # A repeated PUT whose first answer was lost finds its own claim.
            claim = self._store.get_json(key)
            return expires if claim == {"by": self._by, "expires": expires} else None

    def _replace(self, key, e_tag, timeout_ms):
        expires = self._clock.now_ms() + lease_ms(timeout_ms)
        self._store.replace(key, to_json({"by": self._by, "expires": expires}), e_tag)
        return expires


class Snapshot:
    """What a LIST shows of one pool, from its keys below the pool's prefix."""

    def __init__(self, keys):
        self.opened = "open" in keys
        self.joined = "join" in keys
        self.claims = {int(key[7:]) for key in keys if key.startswith("claims/")}
        self.done = {int(key[5:]) for key in keys if key.startswith("done/")}

    def unfinished(self):
        return self.claims - self.done
