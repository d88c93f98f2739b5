"""The run's guard: one session that outlives its own work to see that no claimed item is lost with its lane.

A lane that finds its pool drained, but not done, offers itself; the first becomes the guard, the others stop. It looks again
at growing intervals, waiting outside of any step's container, and ends with the run.
"""

from .plan import task_id
from .pools import Pool, Snapshot
from .store import Lost, to_json

FIRST_PAUSE_MS = 1_000
MAX_PAUSE_MS = 60_000


class Guard:
    def __init__(self, context):
        self._context = context
        self._plan = context.plan
        self._store = context.store
        self._layout = context.layout

    def appoint(self):
        """True for the first that asks."""
        try:
            self._store.create(self._layout.guard, to_json({"by": self._context.by, "expires": 0}))
            return True
        except Lost:
            return False

    @staticmethod
    def pause_ms(checks):
        return min(FIRST_PAUSE_MS << min(checks, 10), MAX_PAUSE_MS)

    def rescues(self):
        """Envelopes of sessions that have to be started: for each expired claim (now ours), and each forgotten join."""
        pools = self._snapshots()
        for (opener, task), snapshot in pools.items():
            at = [int(index) for index in task.split("-")[1:]]
            pool = Pool(self._context, opener, at)
            items = pool.items()
            if len(snapshot.done) == items:
                join = self._plan.pools[opener]["join"]
                if not snapshot.joined and pool.claim_join(self._plan.steps[join]["timeoutMs"]):
                    yield self._envelope(join, at)
                continue
            for item in sorted(snapshot.unfinished()):
                if self._alive_below(pools, opener, [*at, item]):
                    continue
                step = self._plan.first(opener, item)
                lease = pool.take_over(item, self._plan.steps[step]["timeoutMs"])
                if lease:
                    yield {**self._envelope(step, [*at, item]), "lease": lease}
            # Unclaimed items left behind by lanes that all died.
            if len(snapshot.claims) < items and not pool.any_alive(sorted(snapshot.unfinished())):
                item = min(set(range(items)) - snapshot.claims)
                yield {**self._envelope(self._plan.first(opener, item), [*at, item]), "claim": True}

    def _envelope(self, step, at):
        return {"run": self._layout.run_id, "block": self._plan.block(step), "step": step, "at": at, "again": True}

    def _snapshots(self):
        """Every opened pool of the run whose join has not been claimed, from one LIST."""
        keys = {}
        for key in self._store.list(self._layout.pools):
            opener, task, rest = key[len(self._layout.pools) :].split("/", 2)
            keys.setdefault((opener, task), []).append(rest)
        snapshots = {pool: Snapshot(found) for pool, found in keys.items()}
        return {pool: snapshot for pool, snapshot in snapshots.items() if snapshot.opened and not snapshot.joined}

    def _alive_below(self, pools, opener, at):
        """A claim whose body opened a pool of its own is alive while anything under it is."""
        task = task_id(at)
        for (inner, inner_task), snapshot in pools.items():
            if inner_task == task and opener in self._plan.steps[inner]["within"]:
                if Pool(self._context, inner, at).any_alive(sorted(snapshot.unfinished())):
                    return True
                if any(self._alive_below(pools, inner, [*at, item]) for item in snapshot.unfinished()):
                    return True
        return False
