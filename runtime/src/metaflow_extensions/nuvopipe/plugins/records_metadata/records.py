"""Records of runs in the datastore: `src/contract/records.ts` describes them, `src/platform/runs/reader.ts` reads the same."""

import json
import re
from collections import OrderedDict

from .objects import in_parallel

ROOT = "_nuvopipe/"

NO_FLOWS = ("live", "cache")
"""Names below the root that no flow can have: `DATASTORE_NAMES` of `src/language/model/reserved-names.ts`."""

LAYERS = "layers"
"""Below the root it holds wheels, and may be a flow's name all the same."""

RECORDS_MAX = 5_000
"""Records of tasks never change: so many are remembered. One is some kilobytes."""

RUN_FACTS = {"flow": str, "run": str, "user": str, "created": (int, float), "tags": list, "system_tags": list}
TASK_FACTS = {
    **{"step": str, "task": str, "attempt": int, "started": (int, float), "ended": (int, float)},
    **{"objects": dict, "info": dict, "metadata": list},
}
"""What the views show of a record, by type: an object without it is somebody else's."""

_RECORD = re.compile(r"commit|failed-(\d+)")


class Records:
    def __init__(self, objects):
        self._objects = objects
        self._tasks = OrderedDict()

    def flows(self):
        names = [name for name in self._objects.folders(ROOT) if name not in NO_FLOWS]
        return [name for name in names if name != LAYERS or self.run_ids(name)]

    def run_ids(self, flow):
        return list(self._objects.folders(f"{ROOT}{flow}/"))

    def run(self, flow, run):
        """Its tags may change, so it is read every time. None where there is no such run, or none that can be read."""
        found = self._objects.get(run_key(flow, run))
        return found and parsed(found[0], RUN_FACTS)

    def runs(self, flow):
        """Those of a flow, the latest first."""
        found = in_parallel(lambda run: self.run(flow, run), self.run_ids(flow))
        return sorted(filter(None, found), key=lambda record: -record["created"])

    def steps(self, run):
        return list(self._objects.folders(_tasks_of(run)))

    def tasks(self, run, step):
        """By id, the names of its records in the order of the attempts; the committed one is the last."""
        prefix = f"{_tasks_of(run)}{step}/"
        return self._grouped(prefix, self._objects.keys(prefix))

    def names(self, run, step, task):
        """The same of one task; empty when there is none."""
        prefix = f"{_tasks_of(run)}{step}/{task}/"
        return self._grouped(f"{_tasks_of(run)}{step}/", self._objects.keys(prefix)).get(task, [])

    def record(self, run, step, task, name):
        """The record of one attempt."""
        key = f"{_tasks_of(run)}{step}/{task}/{name}"
        record = self._tasks.get(key)
        if record is None:
            found = self._objects.get(key)
            record = found and parsed(found[0], TASK_FACTS)
            if record is not None:
                self._tasks[key] = record
            if len(self._tasks) > RECORDS_MAX:
                self._tasks.popitem(last=False)
        return record

    @staticmethod
    def _grouped(prefix, keys):
        tasks = {}
        for key in keys:
            task, _, name = key[len(prefix) :].partition("/")
            if _RECORD.fullmatch(name):
                tasks.setdefault(task, []).append(name)
        return {task: sorted(names, key=_order) for task, names in tasks.items()}


def run_key(flow, run):
    return f"{ROOT}{flow}/{run}/run.json"


def parsed(data, facts):
    """None for what is no record with these facts: a listing goes on without it."""
    try:
        record = json.loads(data)
    except ValueError:
        return None
    is_whole = isinstance(record, dict) and all(isinstance(record.get(name), kind) for name, kind in facts.items())
    return record if is_whole else None


def _tasks_of(run):
    return f"{ROOT}{run['flow']}/{run['run']}/tasks/"


def _order(name):
    number = _RECORD.fullmatch(name)[1]
    return (1, 0) if number is None else (0, int(number))
