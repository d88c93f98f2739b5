"""Pools and their claims: which item a lane works on next, and which lane continues after the last one.

Every claim is a conditional PUT and every take-over a compare-and-swap, so exactly one of any number of lanes wins. Lanes know
of each other only through these objects. An item is done when the task of its last step is committed; no other object says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...contract.parse_key import parts_of
from ...contract.protocol import LEASE_MARGIN_MS, LEASE_TIMEOUTS
from ...plan import coordinate_of, task_id
from ...store import Lost, create_once, parse_record, to_json

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ...context import Context
    from ...contract.formats import PoolRecord, RunFailure
    from ...contract.layout import RunLayout


def lease_ms(timeout_ms: int) -> int:
    return LEASE_TIMEOUTS * timeout_ms + LEASE_MARGIN_MS


class Pool:
    """The pool that step `opener` opens at coordinate `at`."""

    def __init__(self, context: Context, opener: str, at: list[int]) -> None:
        self._plan = context.plan
        self._store = context.store
        self._layout = context.layout
        self._clock = context.clock
        self._by = context.by
        self._opener = opener
        self._at = at
        self._task = task_id(at)

    def open(self, items: int) -> None:
        try:
            self._store.create(self._layout.pool_open(self._opener, self._task), to_json({"items": items}))
        except Lost:
            pass  # the step was entered before and opened the pool

    def items(self) -> int:
        record: PoolRecord = self._store.get_json(self._layout.pool_open(self._opener, self._task))
        return record["items"]

    def claim(self, preferred: int, items: int, timeout_ms: int) -> tuple[int, int] | None:
        """Claims an item, the preferred one if it is free. Returns `(item, lease expiry)`, or None if all are claimed."""
        if preferred < items:
            lease = self._try_claim(self._layout.pool_claim(self._opener, self._task, preferred), timeout_ms)
            if lease:
                return preferred, lease
        while True:
            claimed = self.snapshot().claims
            free = [item for item in range(items) if item not in claimed]
            if not free:
                return None
            item = _middle_of_longest_run(free)
            lease = self._try_claim(self._layout.pool_claim(self._opener, self._task, item), timeout_ms)
            if lease:
                return item, lease

    def claim_join(self, timeout_ms: int) -> int | None:
        return self._try_claim(self._layout.pool_join(self._opener, self._task), timeout_ms)

    def fail_item(self, item: int, failure: RunFailure) -> bool:
        """Records that an item has failed, so that the pool continues without it. True if it was not recorded before."""
        return create_once(self._store, self._layout.failed_item(self._opener, self._task, item), failure)

    def failures(self) -> dict[int, RunFailure]:
        """Failures by item, in a pool that collects them."""
        prefix = self._layout.failed_items_prefix(self._opener, self._task)
        keys = self._store.list(prefix)
        found = self._store.parallel([(self._store.get_json, key) for key in keys])
        return dict(sorted((int(key[len(prefix) :]), failure) for key, failure in zip(keys, found, strict=True)))

    def give_up(self) -> None:
        self._store.put(self._layout.given_up(self._opener, self._task), b"{}")

    def is_given_up(self) -> bool:
        return self._store.exists(self._layout.given_up(self._opener, self._task))

    def done(self, items: Iterable[int]) -> set[int]:
        """Those of the given items whose last task is committed."""
        if self._plan.pools[self._opener]["kind"] == "foreach":
            stem = self._layout.step_prefix(self._plan.last(self._opener, 0)) + self._task + "-"
            commits = [parts_of("commit", key) for key in self._store.list_stem(stem)]
            return {coordinate_of(parts["task"])[-1] for parts in commits if parts}.intersection(items)
        items = list(items)
        keys = [self._layout.commit(self._plan.last(self._opener, item), task_id([*self._at, item])) for item in items]
        found = self._store.parallel([(self._store.exists, key) for key in keys])
        return {item for item, exists in zip(items, found, strict=True) if exists}

    def renew(self, item: int, lease: int | None, timeout_ms: int) -> int:
        """Renews the claim; returns its new expiry. Raises `Lost` if another session has taken the item over."""
        key = self._layout.pool_claim(self._opener, self._task, item)
        found = self._store.get(key)
        if found is None:
            raise Lost(key)
        claim = parse_record(key, found[0])
        if lease is not None and claim["expires"] != lease:
            raise Lost(key)
        return self._replace(key, found[2], timeout_ms)

    def take_over(self, item: int, timeout_ms: int) -> int | None:
        """Takes over an expired claim; returns its new expiry, or None if it is alive or another session was faster."""
        return self._take_over(self._layout.pool_claim(self._opener, self._task, item), timeout_ms)

    def take_over_join(self, timeout_ms: int) -> int | None:
        return self._take_over(self._layout.pool_join(self._opener, self._task), timeout_ms)

    def any_alive(self, items: Iterable[int]) -> bool:
        """Whether the claim of any of these items is alive."""
        keys = [self._layout.pool_claim(self._opener, self._task, item) for item in items]
        found = self._store.parallel([(self._store.get_json, key) for key in keys])
        return any(claim and claim["expires"] > self._clock.now_ms() for claim in found)

    def snapshot(self) -> Snapshot:
        prefix = self._layout.pool_prefix(self._opener, self._task)
        return Snapshot(self._layout, self._opener, self._task, self._store.list(prefix))

    def _take_over(self, key: str, timeout_ms: int) -> int | None:
        found = self._store.get(key)
        if found is None or parse_record(key, found[0])["expires"] > self._clock.now_ms():
            return None
        try:
            return self._replace(key, found[2], timeout_ms)
        except Lost:
            return None

    def _try_claim(self, key: str, timeout_ms: int) -> int | None:
        expires = self._clock.now_ms() + lease_ms(timeout_ms)
        return expires if create_once(self._store, key, {"by": self._by, "expires": expires}) else None

    def _replace(self, key: str, e_tag: str | None, timeout_ms: int) -> int:
        expires = self._clock.now_ms() + lease_ms(timeout_ms)
        self._store.replace(key, to_json({"by": self._by, "expires": expires}), e_tag)
        return expires


class Snapshot:
    """The state of a pool as a LIST of its keys shows it."""

    def __init__(self, layout: RunLayout, opener: str, task: str, keys: list[str]) -> None:
        self.opened = layout.pool_open(opener, task) in keys
        self.joined = layout.pool_join(opener, task) in keys
        self.given_up = layout.given_up(opener, task) in keys
        self.claims = _numbers(layout.pool_claims_prefix(opener, task), keys)
        self.failed = _numbers(layout.failed_items_prefix(opener, task), keys)


def _numbers(prefix: str, keys: list[str]) -> set[int]:
    """The numbers after the prefix, in the keys that have it."""
    return {int(key[len(prefix) :]) for key in keys if key.startswith(prefix)}


def _middle_of_longest_run(items: list[int]) -> int:
    """The item from which a lane can work longest before it meets another lane. `items` is sorted and not empty."""
    longest, start = (items[0], 1), 0
    for end in range(1, len(items) + 1):
        if end == len(items) or items[end] != items[end - 1] + 1:
            if end - start > longest[1]:
                longest = (items[start], end - start)
            start = end
    return longest[0] + longest[1] // 2
