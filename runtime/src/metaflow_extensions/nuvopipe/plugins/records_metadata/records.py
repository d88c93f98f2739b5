"""What runs have left in the datastore: the records of `schemas/records.v1.schema.json`."""

import json
from collections import OrderedDict

from nuvopipe_runtime.contract.layout import LAYERS_NAME, RESERVED_FLOW_NAMES, ROOT_PREFIX, RunLayout, flow_prefix
from nuvopipe_runtime.contract.parse_key import parse_key
from nuvopipe_runtime.contract.protocol import RECORDS_VERSION
from nuvopipe_runtime.contract.versions import OtherVersion, check_version

from .objects import in_parallel

RECORDS_MAX = 5_000
"""Records of tasks never change: so many are remembered. One is some kilobytes."""

RUN_FACTS = {"flow": str, "run": str, "user": str, "created": (int, float), "tags": list, "system_tags": list}
TASK_FACTS = {
    **{"step": str, "task": str, "attempt": int, "started": (int, float), "ended": (int, float)},
    **{"objects": dict, "info": dict, "metadata": list},
}
"""What the views show of a record, by type: an object without it is somebody else's."""


class Records:
    def __init__(self, objects):
        self._objects = objects
        self._tasks = OrderedDict()

    def flows(self):
        names = [name for name in self._objects.folders(ROOT_PREFIX) if name not in RESERVED_FLOW_NAMES]
        return [name for name in names if name != LAYERS_NAME or self.run_ids(name)]

    def run_ids(self, flow):
        return list(self._objects.folders(flow_prefix(flow)))

    def run(self, flow, run):
        """Its tags may change, so it is read every time. None where there is no such run, or none that can be read.

        Raises `OtherVersion`.
        """
        found = self._objects.get(RunLayout(flow, run).run)
        return found and parsed_run(flow, run, found[0])

    def runs(self, flow):
        """Those of a flow that can be read, the latest first."""
        found = in_parallel(lambda run: _or_none(self.run, flow, run), self.run_ids(flow))
        return sorted(filter(None, found), key=lambda record: -record["created"])

    def steps(self, run):
        return list(self._objects.folders(layout_of(run).tasks_prefix))

    def tasks(self, run, step):
        """By id, the keys of its records in the order of the attempts; the committed one is the last."""
        return self._by_task(layout_of(run).step_prefix(step))

    def keys(self, run, step, task):
        """The same of one task; empty when there is none."""
        return self._by_task(layout_of(run).task_prefix(step, task)).get(task, [])

    def record(self, key):
        """The record of one attempt."""
        record = self._tasks.get(key)
        if record is None:
            found = self._objects.get(key)
            record = found and _or_none(_parsed, key, found[0], TASK_FACTS)
            if record is not None:
                self._tasks[key] = record
            if len(self._tasks) > RECORDS_MAX:
                self._tasks.popitem(last=False)
        return record

    def _by_task(self, prefix):
        tasks = {}
        for key in self._objects.keys(prefix):
            name, parts = parse_key(key) or (None, {})
            if name in ("commit", "failed_attempt"):
                tasks.setdefault(parts["task"], []).append((name == "commit", int(parts.get("attempt", 0)), key))
        return {task: [key for *_, key in sorted(found)] for task, found in tasks.items()}


def layout_of(run):
    return RunLayout(run["flow"], run["run"])


def parsed_run(flow, run, data):
    """The record of a run; None for what is none. Raises `OtherVersion`."""
    return _parsed(f"{flow}/{run}", data, RUN_FACTS)


def _or_none(read, *arguments):
    """A listing goes on without a record of another version."""
    try:
        return read(*arguments)
    except OtherVersion:
        return None


def _parsed(what, data, facts):
    """None for what is no record with these facts. Raises `OtherVersion`."""
    try:
        record = json.loads(data)
    except ValueError:
        return None
    if not isinstance(record, dict):
        return None
    check_version(f"the record of {what}", record, RECORDS_VERSION)
    return record if all(isinstance(record.get(name), kind) for name, kind in facts.items()) else None
