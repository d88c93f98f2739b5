"""Committed records and pool sizes that this container has seen: they never change, so it need not read them twice."""

from collections import OrderedDict
from sys import intern

RECORDS_MAX = 2_000
"""One is about three kilobytes of the supervisor's memory, as `_slim` leaves it."""

DESCRIPTIONS_MAX = 5_000


class RecordCache:
    def __init__(self):
        self._records = OrderedDict()
        self._descriptions = {}
        self._sizes = OrderedDict()
        self._created = OrderedDict()

    def add(self, layout, record):
        _keep(self._records, layout.commit(record["step"], record["task"]), self._slim(record))

    def get_all(self, store, layout, wanted):
        """Records of `(step, task)` pairs, in order, without their metadata; those not seen yet are read at once."""
        keys = [layout.commit(step, task) for step, task in wanted]
        missing = [key for key in keys if key not in self._records]
        fetched = dict(zip(missing, store.parallel([(self._read, store, key) for key in missing]), strict=True))
        found = [fetched[key] if key in fetched else self._records[key] for key in keys]
        for key, record in fetched.items():
            _keep(self._records, key, record)
        return found

    def _read(self, store, key):
        record = store.get_json(key)
        if record is None:
            raise RuntimeError(f"the record {key} is missing")
        return self._slim(record)

    def _slim(self, record):
        """Without what no other task asks for. Artifacts that are described alike share the description: a join may read
        ten thousand records."""
        kept = {name: value for name, value in record.items() if name != "metadata"}
        kept["objects"] = {intern(name): sha for name, sha in record["objects"].items()}
        kept["info"] = {intern(name): self._shared(description) for name, description in record["info"].items()}
        return kept

    def _shared(self, description):
        if len(self._descriptions) >= DESCRIPTIONS_MAX:
            self._descriptions.clear()
        return self._descriptions.setdefault(repr(description), description)

    def know_items(self, pool_key, items):
        _keep(self._sizes, pool_key, items)

    def items(self, pool, pool_key):
        """How many items a pool has."""
        if pool_key not in self._sizes:
            self.know_items(pool_key, pool.items())
        return self._sizes[pool_key]

    def created(self, store, layout):
        """When a run was started, epoch milliseconds."""
        if layout.run not in self._created:
            _keep(self._created, layout.run, store.get_json(layout.run)["created"])
        return self._created[layout.run]


def _keep(cache, key, value):
    cache[key] = value
    cache.move_to_end(key)
    if len(cache) > RECORDS_MAX:
        cache.popitem(last=False)
