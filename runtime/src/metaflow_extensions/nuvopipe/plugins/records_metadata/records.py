"""Reads the records that runs leave in the datastore; see `schemas/records.v1.schema.json`."""

from __future__ import annotations

import json
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from nuvopipe_runtime.contract.layout import LAYERS_NAME, RESERVED_FLOW_NAMES, ROOT_PREFIX, RunLayout, flow_prefix
from nuvopipe_runtime.contract.parse_key import parse_key
from nuvopipe_runtime.contract.protocol import RECORDS_VERSION
from nuvopipe_runtime.contract.versions import OtherVersion, check_version

from .objects import in_parallel

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from nuvopipe_runtime.contract.formats import RunRecord, TaskRecord

    from .objects import Objects

    Facts: TypeAlias = dict[str, type | tuple[type, ...]]

T = TypeVar("T")
P = ParamSpec("P")

RECORDS_MAX = 5_000
"""How many records of tasks are kept in memory, since they never change. A record has a few kilobytes."""

RUN_FACTS: Facts = {"flow": str, "run": str, "user": str, "created": (int, float), "tags": list, "system_tags": list}
TASK_FACTS: Facts = {
    **{"step": str, "task": str, "attempt": int, "started": (int, float), "ended": (int, float)},
    **{"objects": dict, "info": dict, "metadata": list},
}
"""Keys of a record that the views show, with their types. An object without them is not our record."""


class Records:
    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._tasks: OrderedDict[str, TaskRecord] = OrderedDict()

    def flows(self) -> list[str]:
        names = [name for name in self._objects.folders(ROOT_PREFIX) if name not in RESERVED_FLOW_NAMES]
        return [name for name in names if name != LAYERS_NAME or self.run_ids(name)]

    def run_ids(self, flow: str) -> list[str]:
        return list(self._objects.folders(flow_prefix(flow)))

    def run(self, flow: str, run: str) -> RunRecord | None:
        """Reads a run every time, since its tags may change. None if there is no such run, or its record cannot be read.

        Raises `OtherVersion`.
        """
        found = self._objects.get(RunLayout(flow, run).run)
        return parsed_run(flow, run, found[0]) if found else None

    def runs(self, flow: str) -> list[RunRecord]:
        """Returns the readable runs of a flow, the latest first."""
        found = in_parallel(lambda run: _or_none(self.run, flow, run), self.run_ids(flow))
        return sorted(filter(None, found), key=lambda record: -record["created"])

    def steps(self, run: RunRecord) -> list[str]:
        return list(self._objects.folders(layout_of(run).tasks_prefix))

    def tasks(self, run: RunRecord, step: str) -> dict[str, list[str]]:
        """Returns by task the keys of its records, in the order of the attempts; the committed one is the last."""
        return self._by_task(layout_of(run).step_prefix(step))

    def keys(self, run: RunRecord, step: str, task: str) -> list[str]:
        """Does the same for one task; empty if the task does not exist."""
        return self._by_task(layout_of(run).task_prefix(step, task)).get(task, [])

    def record(self, key: str) -> TaskRecord | None:
        """Returns the record of one attempt."""
        record = self._tasks.get(key)
        if record is None:
            found = self._objects.get(key)
            record = _or_none(parsed_task, key, found[0]) if found else None
            if record is not None:
                self._tasks[key] = record
            if len(self._tasks) > RECORDS_MAX:
                self._tasks.popitem(last=False)
        return record

    def _by_task(self, prefix: str) -> dict[str, list[str]]:
        tasks: dict[str, list[tuple[bool, int, str]]] = {}
        for key in self._objects.keys(prefix):
            name, parts = parse_key(key) or (None, {})
            if name in ("commit", "failed_attempt"):
                tasks.setdefault(parts["task"], []).append((name == "commit", int(parts.get("attempt", 0)), key))
        return {task: [key for *_, key in sorted(found)] for task, found in tasks.items()}


def layout_of(run: RunRecord) -> RunLayout:
    return RunLayout(run["flow"], run["run"])


def parsed_run(flow: str, run: str, data: bytes) -> RunRecord | None:
    """Returns the record of a run; None for other content. Raises `OtherVersion`."""
    record: RunRecord | None = _parsed(f"{flow}/{run}", data, RUN_FACTS)
    return record


def parsed_task(key: str, data: bytes) -> TaskRecord | None:
    """Returns the record of an attempt; None for other content. Raises `OtherVersion`."""
    record: TaskRecord | None = _parsed(key, data, TASK_FACTS)
    return record


def _or_none(read: Callable[P, T | None], *arguments: P.args, **options: P.kwargs) -> T | None:
    """Returns None for a record of another version, to leave it out of a listing."""
    try:
        return read(*arguments, **options)
    except OtherVersion:
        return None


def _parsed(what: str, data: bytes, facts: Facts) -> Any:
    """Parses a record with these facts; None for other content. Raises `OtherVersion`."""
    try:
        record = json.loads(data)
    except ValueError:
        return None
    if not isinstance(record, dict):
        return None
    check_version(f"the record of {what}", record, RECORDS_VERSION)
    return record if all(isinstance(record.get(name), kind) for name, kind in facts.items()) else None
