"""A lane's way through pools: opened at a fork, worked item by item, joined by whoever finds all of them done."""

import math

from ..plan import task_id
from .ending import failure_of
from .pools import Pool

GROW_FIRST_MS = 2_000
GROW_AGAIN_MS = 15_000
"""After a refusal, a fork asks for one more lane at these intervals."""


class Lanes:
    def __init__(self, context, inputs, handover, ending, watch):
        self._context = context
        self._plan = context.plan
        self._store = context.store
        self._layout = context.layout
        self._clock = context.clock
        self._inputs = inputs
        self._handover = handover
        self._ending = ending
        self._watch = watch

    def open(self, envelope, opener, record):
        """After the task that opens a pool: lanes are launched, and this session becomes the first."""
        spec, at = self._plan.pools[opener], envelope.get("at", [])
        items = len(spec["branches"]) if spec["kind"] == "branches" else record["splits"]
        self._pool(opener, at).open(items)
        self._inputs.know_items(opener, at, items)
        envelope = {key: value for key, value in envelope.items() if key != "lease"}
        if envelope.get("again") and self._store.exists(self._layout.commit(spec["join"], task_id(at))):
            return self._handover.go(envelope, spec["join"], at=list(at))  # all of it is done
        lanes = min(spec["concurrency"], items)
        wanted = [self._lane(opener, at, lane * items // lanes) for lane in range(1, lanes)]
        missing = len(wanted) - self._handover.launch_all(wanted)
        if missing:
            envelope["grow"] = [opener, missing, self._clock.now_ms() + GROW_FIRST_MS]
        return self.next_item(envelope, opener, at, 0)

    def claim(self, envelope):
        """A lane's entry: the envelope of the wished item's first step, or of another's; without one, the session's end."""
        step, at = envelope["step"], envelope["at"]
        del envelope["claim"]
        return self.next_item(envelope, self._plan.steps[step]["within"][-1], at[:-1], at[-1])

    def item_done(self, envelope, opener):
        at, item = envelope["at"][:-1], envelope["at"][-1]
        return self.next_item(envelope, opener, at, item + 1)

    def next_item(self, envelope, opener, at, preferred):
        pool = self._pool(opener, at)
        if self._plan.collecting_depth(opener) is not None and pool.is_given_up():
            return self._handover.stop(envelope)
        items = self._inputs.items(opener, at)
        timeout_ms = self._plan.steps[self._plan.first(opener, min(preferred, items - 1))]["timeoutMs"]
        claimed = pool.claim(preferred, items, timeout_ms)
        if claimed is None:
            return self._drained(envelope, opener, at, items)
        item, lease = claimed
        envelope = dict(envelope, lease=lease)
        self._grow(envelope, opener, at, (item + items // 2) % items)
        return self._handover.go(envelope, self._plan.first(opener, item), at=[*at, item])

    def fail_at(self, envelope, step, at, failure):
        """After a task that failed for good: of a foreach that collects failures, on to its next item; else the run's end."""
        depth = self._plan.collecting_depth(step)
        if depth is None:
            return self._ending.fail(envelope, failure)
        return self._fail_item(envelope, step, at, depth, failure)

    def without(self, envelope, join, at, records):
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

    def _fail_item(self, envelope, step, at, depth, failure):
        within = self._plan.steps[step]["within"]
        for inner in range(depth + 1, len(within)):
            if within[inner] in self._plan.pools:
                self._pool(within[inner], at[:inner]).give_up()
        opener, item = within[depth], at[depth]
        if not self._pool(opener, at[:depth]).fail_item(item, {"item": item, **failure}):
            return self._handover.stop(envelope)  # another branch of the item has failed, too, and was first
        kept = {key: value for key, value in envelope.items() if key not in ("from", "attempt", "lease")}
        return self.next_item(kept, opener, at[:depth], item + 1)

    def _drained(self, envelope, opener, at, items):
        """Every item is claimed. The lane that finds all of them done, and is first to claim the join, goes on."""
        pool, spec = self._pool(opener, at), self._plan.pools[opener]
        join = spec["join"]
        succeeded = pool.done(range(items))
        failed = pool.failures() if "minSuccess" in spec else {}
        is_done = len(succeeded | failed.keys()) == items
        if not is_done or not pool.claim_join(self._plan.steps[join]["timeoutMs"]):
            return self._watch.leave(envelope)
        envelope = {key: value for key, value in envelope.items() if key not in ("lease", "grow")}
        missing = _too_few(spec["minSuccess"], items, failed) if failed else None
        if missing is not None:
            return self.fail_at(dict(envelope, at=list(at)), join, list(at), missing)
        return self._handover.go(envelope, join, at=list(at))

    def _grow(self, envelope, opener, at, preferred):
        """One more lane, if some were refused and there may be room for it by now."""
        if envelope.get("grow", [None])[0] != opener:
            return
        _, missing, not_before = envelope["grow"]
        if self._clock.now_ms() < not_before:
            return
        if self._handover.launch(self._lane(opener, at, preferred)):
            missing, pause = missing - 1, GROW_FIRST_MS
        else:
            pause = GROW_AGAIN_MS + self._clock.now_ms() % GROW_FIRST_MS
        envelope["grow"] = [opener, missing, self._clock.now_ms() + pause]
        if missing == 0:
            del envelope["grow"]

    def _lane(self, opener, at, preferred):
        step = self._plan.first(opener, preferred)
        block = self._plan.block(step)
        return {"run": self._layout.run_id, "block": block, "step": step, "at": [*at, preferred], "claim": True}

    def _pool(self, opener, at):
        return Pool(self._context, opener, at)


def _too_few(least, items, failed):
    """The failure of a foreach of which too few items succeeded; None when there are enough."""
    needed = least["count"] if "count" in least else math.ceil(least["part"] * items)
    succeeded = items - len(failed)
    if succeeded >= needed:
        return None
    first = next(iter(failed.values()))
    message = f"{succeeded} of {items} items succeeded, and {needed} have to; the first failure: {first['message']}"
    return {**{key: first[key] for key in ("step", "task")}, "message": message}
