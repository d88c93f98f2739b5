"""Reads artifacts ahead for a join, which asks for an artifact of one input after the other.

The number of inputs read ahead doubles with each request, since a join might compare only two of a thousand inputs.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from .storage_keys import key_of

if TYPE_CHECKING:
    from collections.abc import Container
    from concurrent.futures import Future

    from ..store import Found, Store
    from .request import Request

AHEAD = 32
"""Maximum number of requests under way for artifacts that the join has not asked for yet."""

AHEAD_MAX_BYTES = 256 << 10
"""Larger artifacts are not read ahead, to limit the memory."""


class ReadAhead:
    """Reads ahead for one task. Only one thread may use it at a time."""

    def __init__(self, store: Store, request: Request) -> None:
        self._store = store
        self._inputs = request.get("inputs", [])
        self._descriptions = request.get("descriptions", [])
        self._places: dict[str, tuple[int, str]] | None = None
        self._under_way: dict[str, Future[Found | None]] = {}
        self._asked: Counter[str] = Counter()

    def get(self, key: str) -> Future[Found | None]:
        """Returns a future of the result of `Store.get`."""
        return self._under_way.pop(key, None) or self._store.submit(self._store.get, key)

    def follow(self, key: str, cached: Container[str]) -> None:
        """After a task has asked for a key, reads the artifacts with the same name in the next inputs."""
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
            if sha is None or self._size(told["info"][name]) > AHEAD_MAX_BYTES:
                continue
            following = key_of(flow, sha)
            if following not in cached and following not in self._under_way and len(self._under_way) < AHEAD:
                self._under_way[following] = self._store.submit(self._store.get, following)

    def close(self) -> None:
        """Cancels the requests that have not begun."""
        for future in self._under_way.values():
            future.cancel()

    def _size(self, number: int) -> int:
        description = self._descriptions[number]
        return description["size"] if "size" in description else 0

    def _place(self, key: str) -> tuple[int, str] | None:
        """(index of the input, name of the artifact) for this key; the last one if several have the same content."""
        if self._places is None:
            self._places = {
                sha: (index, name) for index, told in enumerate(self._inputs) for name, sha in told["objects"].items()
            }
        return self._places.get(key.rsplit("/", 1)[1])
