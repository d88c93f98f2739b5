"""A join asks for an artifact of one input after the other: those of the next inputs are read before it does.

How many doubles with each that it asks for: a join may compare no more than two of a thousand.
"""

from collections import Counter

from .storage_keys import key_of

AHEAD = 32
"""Requests under way at most for what has not been asked for yet."""

AHEAD_MAX_BYTES = 256 << 10
"""A larger artifact is read when it is wanted: this many of them would be much memory."""


class ReadAhead:
    """For one task; used by one thread at a time."""

    def __init__(self, store, request):
        self._store = store
        self._inputs = request.get("inputs", [])
        self._descriptions = request.get("descriptions", [])
        self._places = None
        self._under_way = {}
        self._asked = Counter()

    def get(self, key):
        """The future of what the store has: `Store.get`."""
        return self._under_way.pop(key, None) or self._store.submit(self._store.get, key)

    def follow(self, key, cached):
        """After a task has asked for a key: the artifacts of that name of the inputs that come next."""
        if len(self._inputs) < 2:
            return
        place = self._place(key)
        if place is None:
            return
        index, name = place
        flow = key.split("/", 1)[0]
        self._asked[name] += 1
        reach = min(AHEAD, 1 << self._asked[name])
        for told in self._inputs[index + 1 : index + 1 + reach]:
            sha = told["objects"].get(name)
            if sha is None or self._descriptions[told["info"][name]].get("size", 0) > AHEAD_MAX_BYTES:
                continue
            following = key_of(flow, sha)
            if following not in cached and following not in self._under_way and len(self._under_way) < AHEAD:
                self._under_way[following] = self._store.submit(self._store.get, following)

    def close(self):
        """What has not begun is not wanted any more."""
        for future in self._under_way.values():
            future.cancel()

    def _place(self, key):
        """Which input's artifact it is: index and name; of several that are alike, the last."""
        if self._places is None:
            self._places = {
                sha: (index, name) for index, told in enumerate(self._inputs) for name, sha in told["objects"].items()
            }
        return self._places.get(key.rsplit("/", 1)[1])
