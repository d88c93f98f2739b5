"""Caches committed records and pool sizes, which never change."""

from __future__ import annotations

from collections import OrderedDict
from sys import intern
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...contract.formats import ArtifactInfo, DroppedInfo, TaskRecord
    from ...contract.layout import RunLayout
    from ...store import Store

T = TypeVar("T")

RECORDS_MAX = 2_000
"""A record takes about 3 kB of the supervisor's memory after `_slim`."""

DESCRIPTIONS_MAX = 5_000


class RecordCache:
    def __init__(self) -> None:
        self._records: OrderedDict[str, TaskRecord] = OrderedDict()
        self._descriptions: dict[str, ArtifactInfo | DroppedInfo] = {}
        self._sizes: OrderedDict[str, int] = OrderedDict()
        self._created: OrderedDict[str, int] = OrderedDict()

    def add(self, layout: RunLayout, record: TaskRecord) -> None:
        _keep(self._records, layout.commit(record["step"], record["task"]), self._slim(record))

    def get_all(self, store: Store, layout: RunLayout, wanted: list[tuple[str, str]]) -> list[TaskRecord]:
        """Returns the records of `(step, task)` pairs, in order and without their metadata. Reads are concurrent."""
        keys = [layout.commit(step, task) for step, task in wanted]
        missing = [key for key in keys if key not in self._records]
        fetched = dict(zip(missing, store.parallel([(self._read, store, key) for key in missing]), strict=True))
        found = [fetched[key] if key in fetched else self._records[key] for key in keys]
        for key, record in fetched.items():
            _keep(self._records, key, record)
        return found

    def _read(self, store: Store, key: str) -> TaskRecord:
        record = store.get_json(key)
        if record is None:
            raise RuntimeError(f"the record {key} is missing")
        return self._slim(record)

    def _slim(self, record: TaskRecord) -> TaskRecord:
        """The record without its metadata. Equal descriptions of artifacts share an object: a join can read 10,000 records."""
        kept = record.copy()
        kept["metadata"] = []
        kept["objects"] = {intern(name): sha for name, sha in record["objects"].items()}
        kept["info"] = {intern(name): self._shared(description) for name, description in record["info"].items()}
        return kept

    def _shared(self, description: ArtifactInfo | DroppedInfo) -> ArtifactInfo | DroppedInfo:
        if len(self._descriptions) >= DESCRIPTIONS_MAX:
            self._descriptions.clear()
        return self._descriptions.setdefault(repr(description), description)

    def know_items(self, pool_key: str, items: int) -> None:
        _keep(self._sizes, pool_key, items)

    def items(self, pool_key: str, count: Callable[[], int]) -> int:
        """Number of items of a pool; `count` is called once."""
        if pool_key not in self._sizes:
            self.know_items(pool_key, count())
        return self._sizes[pool_key]

    def created(self, store: Store, layout: RunLayout) -> int:
        """Start of a run, epoch milliseconds."""
        if layout.run not in self._created:
            _keep(self._created, layout.run, store.get_json(layout.run)["created"])
        return self._created[layout.run]


def _keep(cache: OrderedDict[str, T], key: str, value: T) -> None:
    cache[key] = value
    cache.move_to_end(key)
    if len(cache) > RECORDS_MAX:
        cache.popitem(last=False)
