"""How a lane works on pools: it opens one at a fork, works item by item, and joins if it finds all items done."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ...envelope import without
from ...plan import task_id
from ..claims.pool import Pool
from ..related_runs.launches import own_session, own_sessions
from ..runs.ending import failure_of
from .growth import LOOK_AGAIN_MS, START_UNKNOWN_MS, WARM_START_MS, Growth, lanes_to_add

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ...context import Context
    from ...contract.formats import Envelope, LaunchedSession, MinSuccess, RunFailure, TaskRecord
    from ..container.pace import Pace
    from ..related_runs.launches import Launches
    from ..runs.ending import Ending
    from ..sessions import Sessions
    from ..tasks.inputs import Inputs

LANES_FIRST = 1
"""Number of lanes that a fork launches before it has measured items and start-up times."""


class Lanes:
    def __init__(
        self, context: Context, launches: Launches, pace: Pace, inputs: Inputs, ending: Ending, sessions: Sessions
    ) -> None:
        self._context = context
        self._launches = launches
        self._plan = context.plan
        self._store = context.store
        self._layout = context.layout
        self._clock = context.clock
        self._pace = pace
        self._inputs = inputs
        self._handover = sessions.handover
        self._ending = ending
        self._watch = sessions.watch

    def open(self, envelope: Envelope, opener: str, record: TaskRecord) -> Envelope:
        """Continues after the task that opens a pool: launches lanes, and this session becomes the first one."""
        spec, at = self._plan.pools[opener], envelope.get("at", [])
        items = len(spec["branches"]) if spec["kind"] == "branches" else record["splits"]
        self._pool(opener, at).open(items)
        self._inputs.know_items(opener, at, items)
        envelope = without(envelope, ("lease",))
        if envelope.get("again") and self._store.exists(self._layout.commit(spec["join"], task_id(at))):
            return self._handover.go(envelope, spec["join"], at=list(at))  # all items are done
        self._launch_rest(envelope)
        Growth.begin(envelope, opener, min(spec["concurrency"], items) - 1, self._clock.now_ms())
        return self.next_item(envelope, opener, at, 0, is_first=True)

    def claim(self, envelope: Envelope) -> Envelope:
        """Claims the item that a lane was launched for, or another one. Returns the next envelope, or the session's end."""
        step, at = envelope["step"], envelope["at"]
        began_ms = self._clock.now_ms()
        del envelope["claim"]
        following = self.next_item(envelope, self._plan.steps[step]["within"][-1], at[:-1], at[-1], is_first=True)
        return self.arrive(following, began_ms)

    def item_done(self, envelope: Envelope, opener: str) -> Envelope:
        at, item = envelope["at"][:-1], envelope["at"][-1]
        return self.next_item(envelope, opener, at, item + 1)

    def next_item(self, envelope: Envelope, opener: str, at: list[int], preferred: int, is_first: bool = False) -> Envelope:
        """Continues with a lane's next item: the preferred one if it is free. `is_first`: the lane has had none before."""
        pool = self._pool(opener, at)
        if self._plan.collecting_depth(opener) is not None and pool.is_given_up():
            return self._handover.stop(envelope)
        items = self._inputs.items(opener, at)
        timeout_ms = self._plan.steps[self._plan.first(opener, min(preferred, items - 1))]["timeoutMs"]
        claimed = pool.claim(preferred, items, timeout_ms)
        if claimed is None:
            return self._drained(envelope, opener, at, items)
        item, lease = claimed
        envelope = envelope | {"lease": lease}
        growth = Growth.of(envelope, opener)
        if growth is None:
            envelope.pop("grow", None)
        elif not is_first:
            growth.next_item(self._clock.now_ms())
        return self._handover.go(envelope, self._plan.first(opener, item), at=[*at, item])

    def fail_at(self, envelope: Envelope, step: str, at: list[int], failure: RunFailure) -> Envelope:
        """Continues after a task failed for good: with the next item if the foreach collects failures, else ends the run."""
        depth = self._plan.collecting_depth(step)
        if depth is None:
            return self._ending.fail(envelope, failure)
        return self._fail_item(envelope, step, at, depth, failure)

    def without(self, envelope: Envelope, join: str, at: list[int], records: list[TaskRecord]) -> Envelope | None:
        """Called before a join with missing items or with `records` of failed ones. None if the join can do without them."""
        opener = self._plan.steps[join]["joins"]
        least = self._plan.pools[opener].get("minSuccess")
        if least is None:
            return self.fail_at(envelope, records[0]["step"], records[0]["at"], failure_of(records[0]))
        pool = self._pool(opener, at)
        for record in records:
            # The lane was lost before it could record the item's failure.
            item = record["at"][len(at)]
            pool.fail_item(item, {"item": item, **failure_of(record)})
        missing = _too_few(least, self._inputs.items(opener, at), pool.failures())
        return missing and self.fail_at(envelope, join, at, missing)

    def _fail_item(self, envelope: Envelope, step: str, at: list[int], depth: int, failure: RunFailure) -> Envelope:
        within = self._plan.steps[step]["within"]
        for inner in range(depth + 1, len(within)):
            if within[inner] in self._plan.pools:
                self._pool(within[inner], at[:inner]).give_up()
        opener, item = within[depth], at[depth]
        if not self._pool(opener, at[:depth]).fail_item(item, {"item": item, **failure}):
            return self._handover.stop(envelope)  # another branch of the item failed first
        kept = without(envelope, ("from", "attempt", "lease"))
        return self.next_item(kept, opener, at[:depth], item + 1)

    def _drained(self, envelope: Envelope, opener: str, at: list[int], items: int) -> Envelope:
        """Continues when every item is claimed. The lane that finds all items done and claims the join executes it."""
        pool, spec = self._pool(opener, at), self._plan.pools[opener]
        join = spec["join"]
        succeeded = pool.done(range(items))
        failed = pool.failures() if "minSuccess" in spec else {}
        is_done = len(succeeded | failed.keys()) == items
        if not is_done or not pool.claim_join(self._plan.steps[join]["timeoutMs"]):
            return self._watch.leave(envelope)
        envelope = without(envelope, ("lease", "grow"))
        missing = _too_few(spec["minSuccess"], items, failed) if failed else None
        if missing is not None:
            return self.fail_at(envelope | {"at": list(at)}, join, list(at), missing)
        return self._handover.go(envelope, join, at=list(at))

    def grow(self, envelope: Envelope) -> Envelope:
        """Returns the envelope, or the answer that has more lanes launched if they pay (see `growth.py`)."""
        growth = Growth.of(envelope)
        if growth is None or "launch" in envelope or growth.opener not in self._scopes(envelope):
            return envelope
        now = self._clock.now_ms()
        if not growth.is_due(now):
            return envelope
        at = self._at_of(growth.opener, envelope)
        count = self._wanted_first(growth, now) if growth.is_first else self._wanted(growth, at, now)
        growth.look_again(now + LOOK_AGAIN_MS)
        return self._launch_lanes(envelope, growth, at, count, now) if count else envelope

    def arrive(self, envelope: Envelope, began_ms: int) -> Envelope:
        """Does the same for a newly started lane that is in charge of the missing lanes and has claimed an item."""
        growth = Growth.of(envelope)
        if growth is None or growth.opener not in self._scopes(envelope):
            return envelope
        start_ms = growth.arrive(began_ms)
        self._pace.remember(start_ms, began_ms)
        at, now = self._at_of(growth.opener, envelope), self._clock.now_ms()
        items, claimed = self._items_and_claims(growth, at)
        lanes = self._lanes_of(growth.opener, items) - growth.missing
        # The lanes before this one have worked on all other claimed items.
        item_ms = growth.forked_for_ms(now) * (lanes - 1) // max(1, claimed - 1)
        count = min(lanes_to_add(items - claimed, item_ms, lanes, start_ms, True), growth.missing)
        growth.next_item(now)
        return self._launch_lanes(envelope, growth, at, count, now) if count else envelope

    def _wanted_first(self, growth: Growth, now: int) -> int:
        start_ms = self._pace.start_ms(now)
        is_warm = start_ms is not None and start_ms <= WARM_START_MS
        return growth.missing if is_warm else min(growth.missing, LANES_FIRST)

    def _wanted(self, growth: Growth, at: list[int], now: int) -> int:
        items, claimed = self._items_and_claims(growth, at)
        lanes = self._lanes_of(growth.opener, items) - growth.missing
        known = self._pace.start_ms(now)
        start_ms = known or START_UNKNOWN_MS
        wanted = lanes_to_add(items - claimed, growth.item_ms(now), lanes, start_ms, known is not None)
        return min(wanted, growth.missing)

    def _items_and_claims(self, growth: Growth, at: list[int]) -> tuple[int, int]:
        items = self._inputs.items(growth.opener, at)
        return items, len(self._pool(growth.opener, at).snapshot().claims)

    def _launch_lanes(self, envelope: Envelope, growth: Growth, at: list[int], count: int, now: int) -> Envelope:
        items = self._inputs.items(growth.opener, at)
        first = self._lanes_of(growth.opener, items) - growth.missing
        places = [self._place(growth.opener, items, lane) for lane in range(first, first + count)]
        carried = growth.missing - count
        sessions = self._sessions(growth.opener, at, places, growth.carried(carried, now) if carried else None)
        growth.ask(count, carried, now)
        return self._launches.ask(envelope, sessions)

    def _launch_rest(self, envelope: Envelope) -> None:
        """Launches the missing lanes of the surrounding fork: an item that opens a fork of its own is worth a lane."""
        growth = Growth.of(envelope)
        if growth is None or growth.opener not in self._scopes(envelope):
            return
        at = self._at_of(growth.opener, envelope)
        items = self._inputs.items(growth.opener, at)
        lanes = self._lanes_of(growth.opener, items)
        places = [self._place(growth.opener, items, lane) for lane in range(lanes - growth.missing, lanes)]
        self._launches.also(*self._sessions(growth.opener, at, places))

    def _sessions(self, opener: str, at: list[int], places: list[int], grow: list[Any] | None = None) -> list[LaunchedSession]:
        """Launch requests for lanes that begin with these items; the first one gets `grow`."""
        if grow is not None:
            first = own_session(self._lane(opener, at, places[0]) | {"at": [*at, places[0]], "grow": grow})
            return [first, *self._sessions(opener, at, places[1:])]
        if self._plan.pools[opener]["kind"] == "branches":
            return [own_sessions(self._lane(opener, at, place), [place]) for place in places]
        return [own_sessions(self._lane(opener, at, 0), places)] if places else []

    def _scopes(self, envelope: Envelope) -> list[str]:
        return self._plan.steps[envelope["step"]]["within"] if "step" in envelope else []

    def _lanes_of(self, opener: str, items: int) -> int:
        return min(self._plan.pools[opener]["concurrency"], items)

    def _place(self, opener: str, items: int, lane: int) -> int:
        """The item that a lane begins with; lanes count from 0."""
        return lane * items // self._lanes_of(opener, items)

    def _at_of(self, opener: str, envelope: Envelope) -> list[int]:
        """The coordinate of a pool's opener; the envelope's step is in the pool."""
        return envelope["at"][: self._plan.steps[envelope["step"]]["within"].index(opener)]

    def _lane(self, opener: str, at: list[int], preferred: int) -> Envelope:
        step = self._plan.first(opener, preferred)
        block = self._plan.block(step)
        return {"run": self._layout.run_id, "block": block, "step": step, "at": list(at), "claim": True}

    def _pool(self, opener: str, at: list[int]) -> Pool:
        return Pool(self._context, opener, at)


def _too_few(least: MinSuccess, items: int, failed: Mapping[int, RunFailure]) -> RunFailure | None:
    """The failure of a foreach with too few successful items; None if there are enough."""
    needed = least["count"] if "count" in least else math.ceil(least["part"] * items)
    succeeded = items - len(failed)
    if succeeded >= needed:
        return None
    first = next(iter(failed.values()))
    message = f"{succeeded} of {items} items succeeded, but {needed} must; first failure: {first['message']}"
    return {"step": first["step"], "task": first["task"], "message": message}
