"""The run's guard: a session that stays after its own work to take over the claims of lost lanes.

The first lane that finds its pool drained but not done becomes the guard; later ones stop. The guard looks again at growing
intervals, waiting outside of step containers, until every pool of the run has been joined.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...contract.parse_key import parts_of
from ...plan import coordinate_of, task_id
from ...store import Lost, to_json
from .pool import Pool, Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...context import Context
    from ...contract.formats import Envelope

FIRST_PAUSE_MS = 1_000
MAX_PAUSE_MS = 60_000


class Guard:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._plan = context.plan
        self._store = context.store
        self._layout = context.layout
        self._committed: dict[str, set[str]] = {}
        """Committed task ids by step, from one LIST per look."""

    def appoint(self) -> bool:
        """Becomes the guard. False if another session is the guard already."""
        try:
            self._store.create(self._layout.guard, to_json({"by": self._context.by, "expires": 0}))
            return True
        except Lost:
            return False

    def resign(self) -> None:
        """Gives up the guard's place; the next session that asks gets it."""
        self._store.delete(self._layout.guard)

    @staticmethod
    def pause_ms(checks: int) -> int:
        """Pause before the next look, given the number of looks so far."""
        return min(FIRST_PAUSE_MS << min(checks, 10), MAX_PAUSE_MS)

    def dismiss(self) -> bool:
        """Resigns and returns True if no pool needs the guard any more."""
        if self._unsettled():
            return False
        self._store.delete(self._layout.guard)
        # A lane that stopped in the meantime has found the guard's place taken.
        return not (self._unsettled() and self.appoint())

    def is_needed(self) -> bool:
        """Whether a pool of the run is open and not yet joined."""
        return bool(self._unsettled())

    def rescues(self) -> Iterator[Envelope]:
        """Yields envelopes of sessions to start: one for each expired claim, now taken over, and each unclaimed join.

        Inner pools come first: the items around them are alive then and need no session of their own.
        """
        pools = self._unsettled()
        for (opener, task), snapshot in sorted(pools.items(), key=_depth, reverse=True):
            at = coordinate_of(task)
            pool = Pool(self._context, opener, at)
            join = self._plan.pools[opener]["join"]
            timeout_ms = self._plan.steps[join]["timeoutMs"]
            if snapshot.joined:
                if pool.take_over_join(timeout_ms):
                    yield self._envelope(join, at)
                continue
            unfinished, unclaimed = self._unfinished(opener, at, snapshot), set(range(pool.items())) - snapshot.claims
            if unfinished or unclaimed:
                yield from self._item_rescues(pools, opener, at, unfinished, unclaimed)
            elif pool.claim_join(timeout_ms):
                yield self._envelope(join, at)

    def _item_rescues(
        self, pools: dict[tuple[str, str], Snapshot], opener: str, at: list[int], unfinished: list[int], unclaimed: set[int]
    ) -> Iterator[Envelope]:
        pool = Pool(self._context, opener, at)
        for item in unfinished:
            if self._alive_below(pools, opener, [*at, item]):
                continue
            step = self._plan.first(opener, item)
            lease = pool.take_over(item, self._plan.steps[step]["timeoutMs"])
            if lease:
                yield {**self._envelope(step, [*at, item]), "lease": lease}
        if unclaimed and not pool.any_alive(unfinished):
            item = min(unclaimed)
            yield {**self._envelope(self._plan.first(opener, item), [*at, item]), "claim": True}

    def _envelope(self, step: str, at: list[int]) -> Envelope:
        return {"run": self._layout.run_id, "block": self._plan.block(step), "step": step, "at": at, "again": True}

    def _unsettled(self) -> dict[tuple[str, str], Snapshot]:
        """Opened pools of the run whose join is not committed."""
        self._committed.clear()
        keys: dict[tuple[str, str], list[str]] = {}
        for key in self._store.list(self._layout.pools_prefix):
            opener, task = key[len(self._layout.pools_prefix) :].split("/")[:2]
            keys.setdefault((opener, task), []).append(key)
        snapshots = {pool: Snapshot(self._layout, *pool, found) for pool, found in keys.items()}
        return {
            (opener, task): snapshot
            for (opener, task), snapshot in snapshots.items()
            if snapshot.opened
            and not snapshot.given_up
            and not (snapshot.joined and self._is_committed(self._plan.pools[opener]["join"], task))
        }

    def _is_committed(self, step: str, task: str) -> bool:
        if step not in self._committed:
            commits = [parts_of("commit", key) for key in self._store.list(self._layout.step_prefix(step))]
            self._committed[step] = {parts["task"] for parts in commits if parts}
        return task in self._committed[step]

    def _unfinished(self, opener: str, at: list[int], snapshot: Snapshot) -> list[int]:
        """Items that are claimed but not done, in order."""
        return [
            item
            for item in sorted(snapshot.claims - snapshot.failed)
            if not self._is_committed(self._plan.last(opener, item), task_id([*at, item]))
        ]

    def _alive_below(self, pools: dict[tuple[str, str], Snapshot], opener: str, at: list[int]) -> bool:
        """Whether a claim is alive because the item has opened a pool in which a claim is alive."""
        for (inner, task), snapshot in pools.items():
            inner_at = coordinate_of(task)
            # The coordinate is longer if the pool is in a loop inside the item.
            depth = self._plan.pool_depth(inner)
            if depth is None or self._plan.steps[inner]["within"][depth] != opener or inner_at[: len(at)] != at:
                continue
            unfinished = self._unfinished(inner, inner_at, snapshot)
            if Pool(self._context, inner, inner_at).any_alive(unfinished):
                return True
            if any(self._alive_below(pools, inner, [*inner_at, item]) for item in unfinished):
                return True
        return False


def _depth(pool: tuple[tuple[str, str], Snapshot]) -> int:
    """Number of pools and loops around a pool; `pool` is `((opener, task), snapshot)`."""
    (_, task), _ = pool
    return len(coordinate_of(task))
