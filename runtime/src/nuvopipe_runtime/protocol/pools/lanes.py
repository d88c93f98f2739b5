"""A lane's way through pools: opened at a fork, worked item by item, joined by whoever finds all of them done."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING

from ...envelope import without
from ...plan import task_id
from ...store import explain
from ..claims.pool import Pool
from ..runs.ending import failure_of
from .growth import LOOK_AGAIN_MS, START_UNKNOWN_MS, WARM_START_MS, Growth, lanes_to_add

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ...context import Context
    from ...contract.formats import Envelope, MinSuccess, RunFailure, TaskRecord
    from ..container.pace import Pace
    from ..runs.ending import Ending
    from ..sessions import Sessions
    from ..tasks.inputs import Inputs

IN_STEP_FIRST_S = 0.125
"""While an item is executed a fork is looked at again at growing intervals; the second is twice this one."""

LANES_FIRST = 1
"""Lanes that a fork launches before it knows what items and starts take."""

GROW_FIRST_MS = 2_000
GROW_AGAIN_MS = 15_000
"""After a refusal, a fork asks for one more lane at these intervals."""


class Lanes:
    def __init__(self, context: Context, pace: Pace, inputs: Inputs, ending: Ending, sessions: Sessions) -> None:
        self._context = context
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
        """After the task that opens a pool: lanes are launched, and this session becomes the first."""
        spec, at = self._plan.pools[opener], envelope.get("at", [])
        items = len(spec["branches"]) if spec["kind"] == "branches" else record["splits"]
        self._pool(opener, at).open(items)
        self._inputs.know_items(opener, at, items)
        envelope = without(envelope, ("lease",))
        if envelope.get("again") and self._store.exists(self._layout.commit(spec["join"], task_id(at))):
            return self._handover.go(envelope, spec["join"], at=list(at))  # all of it is done
        self._launch_rest(envelope)
        missing = min(spec["concurrency"], items) - 1
        now = self._clock.now_ms()
        start_ms = self._pace.start_ms(now)
        is_warm = start_ms is not None and start_ms <= WARM_START_MS
        Growth.begin(envelope, opener, missing, now, now, now)
        self._launch_lanes(Growth(envelope["grow"]), at, missing if is_warm else min(missing, LANES_FIRST))
        return self.next_item(envelope, opener, at, 0)

    def claim(self, envelope: Envelope) -> Envelope:
        """A lane's entry: the envelope of the wished item's first step, or of another's; without one, the session's end."""
        step, at = envelope["step"], envelope["at"]
        del envelope["claim"]
        return self.next_item(envelope, self._plan.steps[step]["within"][-1], at[:-1], at[-1])

    def item_done(self, envelope: Envelope, opener: str) -> Envelope:
        at, item = envelope["at"][:-1], envelope["at"][-1]
        return self.next_item(envelope, opener, at, item + 1)

    def next_item(self, envelope: Envelope, opener: str, at: list[int], preferred: int) -> Envelope:
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
        self._grow_between_items(envelope, opener, at)
        return self._handover.go(envelope, self._plan.first(opener, item), at=[*at, item])

    def fail_at(self, envelope: Envelope, step: str, at: list[int], failure: RunFailure) -> Envelope:
        """After a task that failed for good: of a foreach that collects failures, on to its next item; else the run's end."""
        depth = self._plan.collecting_depth(step)
        if depth is None:
            return self._ending.fail(envelope, failure)
        return self._fail_item(envelope, step, at, depth, failure)

    def without(self, envelope: Envelope, join: str, at: list[int], records: list[TaskRecord]) -> Envelope | None:
        """Before a join that lacks items, or has found `records` of failed ones. None when it may go on without them."""
        opener = self._plan.steps[join]["joins"]
        least = self._plan.pools[opener].get("minSuccess")
        if least is None:
            return self.fail_at(envelope, records[0]["step"], records[0]["at"], failure_of(records[0]))
        pool = self._pool(opener, at)
        for record in records:
            # Their lane was lost before it could say so.
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
            return self._handover.stop(envelope)  # another branch of the item has failed, too, and was first
        kept = without(envelope, ("from", "attempt", "lease"))
        return self.next_item(kept, opener, at[:depth], item + 1)

    def _drained(self, envelope: Envelope, opener: str, at: list[int], items: int) -> Envelope:
        """Every item is claimed. The lane that finds all of them done, and is first to claim the join, goes on."""
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

    def meanwhile(self, envelope: Envelope) -> Callable[[], float | None] | None:
        """What is to be done while a step of this lane is executed; answers in how many seconds it is to be done again."""
        growth = Growth.of(envelope)
        if growth is None:
            return None
        at, pauses = self._at_of(growth.opener, envelope), [IN_STEP_FIRST_S]

        def grow() -> float | None:
            try:
                self._grow(growth, at)
            except Exception as error:  # a lane less fails no step
                print(f"nuvopipe: {growth.opener} has no more lanes: {explain(error)}", file=sys.stderr)
                return None
            pauses[0] *= 2
            return pauses[0] if growth.missing else None

        return grow

    def _grow_between_items(self, envelope: Envelope, opener: str, at: list[int]) -> None:
        growth = Growth.of(envelope, opener)
        if growth is not None:
            self._grow(growth, at)
            growth.next_item(self._clock.now_ms())
        if growth is None or growth.missing == 0:
            envelope.pop("grow", None)

    def _grow(self, growth: Growth, at: list[int]) -> None:
        """More lanes, as far as they pay by what items and starts take."""
        now = self._clock.now_ms()
        if not growth.is_due(now):
            return
        items, claims = self._inputs.items(growth.opener, at), self._pool(growth.opener, at).snapshot().claims
        lanes = self._lanes_of(growth.opener, items) - growth.missing
        if growth.starting_since and self._place(growth.opener, items, lanes - 1) in claims:
            self._pace.remember(now - growth.starting_since, now)
            growth.arrived()
        known = self._pace.start_ms(now)
        start_ms = known or START_UNKNOWN_MS
        if growth.starting_since:
            start_ms = max(start_ms, now - growth.starting_since)
        is_measured = known is not None and not growth.starting_since
        wanted = lanes_to_add(items - len(claims), growth.item_ms(now), lanes, start_ms, is_measured)
        growth.look_again(now + LOOK_AGAIN_MS)
        self._launch_lanes(growth, at, min(wanted, growth.missing))

    def _launch_rest(self, envelope: Envelope) -> None:
        """Of the fork around the one that is opened: an item that has a fork of its own is worth a lane."""
        growth = Growth.of(envelope)
        if growth is not None and growth.is_due(self._clock.now_ms()):
            self._launch_lanes(growth, self._at_of(growth.opener, envelope), growth.missing)

    def _launch_lanes(self, growth: Growth, at: list[int], count: int) -> None:
        if count == 0:
            return
        items = self._inputs.items(growth.opener, at)
        first = self._lanes_of(growth.opener, items) - growth.missing
        places = [self._place(growth.opener, items, lane) for lane in range(first, first + count)]
        taken = self._handover.launch_all([self._lane(growth.opener, at, place) for place in places])
        now = self._clock.now_ms()
        growth.launched(taken, now)
        if taken < count:
            pause = GROW_FIRST_MS if self._handover.is_crowded else GROW_AGAIN_MS + now % GROW_FIRST_MS
            growth.look_again(now + pause)

    def _lanes_of(self, opener: str, items: int) -> int:
        return min(self._plan.pools[opener]["concurrency"], items)

    def _place(self, opener: str, items: int, lane: int) -> int:
        """The item that a lane, from 0, begins with."""
        return lane * items // self._lanes_of(opener, items)

    def _at_of(self, opener: str, envelope: Envelope) -> list[int]:
        """The coordinate of the opener of a pool that the envelope's step is in."""
        return envelope["at"][: self._plan.steps[envelope["step"]]["within"].index(opener)]

    def _lane(self, opener: str, at: list[int], preferred: int) -> Envelope:
        step = self._plan.first(opener, preferred)
        block = self._plan.block(step)
        return {"run": self._layout.run_id, "block": block, "step": step, "at": [*at, preferred], "claim": True}

    def _pool(self, opener: str, at: list[int]) -> Pool:
        return Pool(self._context, opener, at)


def _too_few(least: MinSuccess, items: int, failed: Mapping[int, RunFailure]) -> RunFailure | None:
    """The failure of a foreach of which too few items succeeded; None when there are enough."""
    needed = least["count"] if "count" in least else math.ceil(least["part"] * items)
    succeeded = items - len(failed)
    if succeeded >= needed:
        return None
    first = next(iter(failed.values()))
    message = f"{succeeded} of {items} items succeeded, but {needed} must; first failure: {first['message']}"
    return {"step": first["step"], "task": first["task"], "message": message}
