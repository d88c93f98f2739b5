"""What a task reads: the records of the tasks before it."""

from ...plan import task_id
from ..claims.pool import Pool


class Inputs:
    def __init__(self, context, records):
        self._context = context
        self._plan = context.plan
        self._store = context.store
        self._layout = context.layout
        self._records = records

    def of(self, envelope):
        """Records of the tasks that the envelope's task reads, in Metaflow's order."""
        step, at, before = envelope["step"], envelope.get("at", []), envelope.get("from")
        wanted = self._plan.inputs(step, at, before and (before[0], before[1:]), self._items_done)
        return self._records.get_all(self._store, self._layout, wanted)

    def know(self, record):
        """A committed record, which tasks that follow may read."""
        self._records.add(self._layout, record)

    def are_all(self, step, at, inputs):
        """Whether these are all that there could be: a join may have to go on without failed items."""
        opener = self._plan.steps[step].get("joins")
        return "minSuccess" not in self._plan.pools.get(opener, {}) or len(inputs) == self.items(opener, at)

    def items(self, opener, at):
        """How many items a pool has."""
        return self._records.items(self._pool(opener, at), self._layout.pool_prefix(opener, task_id(at)))

    def know_items(self, opener, at, items):
        self._records.know_items(self._layout.pool_prefix(opener, task_id(at)), items)

    def failures(self, opener, at):
        """Failure by item of a pool that goes on without them."""
        return self._pool(opener, at).failures()

    def _items_done(self, opener, at):
        items = range(self.items(opener, at))
        if "minSuccess" not in self._plan.pools[opener]:
            return items
        failed = self.failures(opener, at)
        return [item for item in items if item not in failed]

    def _pool(self, opener, at):
        return Pool(self._context, opener, at)
