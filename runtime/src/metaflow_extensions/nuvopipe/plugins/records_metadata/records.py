"""What runs have left in the datastore, for Metaflow's client."""

import json
from collections import OrderedDict

from nuvopipe_runtime.contract.layout import LAYERS_NAME, RESERVED_FLOW_NAMES, ROOT_PREFIX, RunLayout, flow_prefix
from nuvopipe_runtime.contract.parse_key import parse_key

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
        """Its tags may change, so it is read every time. None where there is no such run, or none that can be read."""
        found = self._objects.get(RunLayout(flow, run).run)
        return found and parsed(found[0], RUN_FACTS)

    def runs(self, flow):
        """Those of a flow, the latest first."""
        found = in_parallel(lambda run: self.run(flow, run), self.run_ids(flow))
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
            record = found and parsed(found[0], TASK_FACTS)
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


def parsed(data, facts):
    """None for what is no record with these facts: a listing goes on without it."""
    try:
        record = json.loads(data)
    except ValueError:
        return None
    is_whole = isinstance(record, dict) and all(isinstance(record.get(name), kind) for name, kind in facts.items())
    return record if is_whole else None
