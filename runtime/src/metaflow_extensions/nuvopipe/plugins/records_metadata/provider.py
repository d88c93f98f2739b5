"""`RecordsMetadata`: what Metaflow's client asks for, answered as `src/platform/metadata/routes.ts` answers it.

boto3 is not imported, and no request made, before the client is used.
"""

import json
import os
import re
import sys

from metaflow.exception import MetaflowException
from metaflow.metadata_provider import MetadataProvider

from nuvopipe_runtime.contract.layout import RunLayout

from . import own_task, views
from .objects import Objects, in_parallel
from .records import Records, layout_of, parsed_run

TAG_ATTEMPTS_MAX = 10
"""Writers of one run's tags that meet so often are more than people."""

ORIGIN_TASK = "origin-task-id"
"""Metaflow's client asks an origin for the rest, and fails where that run has been deleted; all of it is here."""


SIMULATED = "a flow test has no runs that Metaflow's client could read: mock this step, or test it with `platform: true`"


class RecordsMetadata(MetadataProvider):
    """Reads; a task's own metadata is in its record. `INFO` is the datastore's root, `s3://bucket/prefix`."""

    TYPE = "nuvopipe"

    _readers = {}

    def __new__(cls, *arguments, **options):
        """`python flow.py run`, or a `Runner`, inside of a step keeps its metadata in files, as Metaflow does by default."""
        if cls is not RecordsMetadata:
            return super().__new__(cls)
        from metaflow.plugins.metadata_providers.local import LocalMetadataProvider

        return LocalMetadataProvider(*arguments, **options)

    @classmethod
    def metadata_str(cls):
        return _Description(super().metadata_str())

    @classmethod
    def default_info(cls):
        return os.environ.get("METAFLOW_DATASTORE_SYSROOT_S3", "")

    @classmethod
    def compute_info(cls, val):
        if not val.startswith("s3://"):
            raise ValueError(f"{cls.TYPE}@{val} is not the root of a datastore: s3://bucket/prefix")
        return val.rstrip("/")

    @classmethod
    def _get_object_internal(cls, obj_type, obj_order, sub_type, sub_order, filters, attempt, *args):
        answer = _ANSWERS.get((obj_type, sub_type))
        found = answer and answer(cls._reader(), attempt, *args[:obj_order])
        if not found and args and (files := _files()):
            return files.get_object(obj_type, sub_type, filters, attempt, *args)
        return found if sub_type == "self" or found is None else cls._apply_filter(found, filters)

    @classmethod
    def filter_tasks_by_metadata(cls, flow_name, run_id, step_name, field_name, pattern):
        reader = cls._reader()
        run = reader.records.run(flow_name, run_id)
        if run is None:
            files = _files()
            return files.filter_tasks_by_metadata(flow_name, run_id, step_name, field_name, pattern) if files else []
        tasks = reader.tasks(run, step_name)
        if pattern != ".*":
            wanted = re.compile(pattern or "")
            tasks = [task for task in tasks if reader.has_metadata(run, step_name, task, field_name, wanted)]
        return [f"{flow_name}/{run_id}/{step_name}/{task}" for task in tasks]

    @classmethod
    def _mutate_user_tags_for_run(cls, flow_id, run_id, tags_to_add=None, tags_to_remove=None):
        reader = cls._reader()
        if reader.records.run(flow_id, run_id) is None and (files := _files()):
            return files._mutate_user_tags_for_run(flow_id, run_id, tags_to_add, tags_to_remove)
        return reader.mutate_tags(flow_id, run_id, set(tags_to_add or ()), set(tags_to_remove or ()))

    @classmethod
    def _reader(cls):
        root = cls.INFO
        if root not in cls._readers:
            cls._readers[root] = Reader(root)
        return cls._readers[root]


class _Description(str):
    """Names the metadata of a client's object. Pickled it is empty: who reads a `Run` that is an artifact has metadata too."""

    def __reduce__(self):
        return str, ()


def _files():
    """The metadata of what `metaflow.Runner` has run in this process; None if there is none."""
    storage = sys.modules.get("metaflow.plugins.datastores.local_storage")
    root = storage and storage.LocalStorage.datastore_root
    if not root or not os.path.isdir(root):
        return None
    from metaflow.plugins.metadata_providers.local import LocalMetadataProvider

    return LocalMetadataProvider


class Reader:
    """Of one datastore."""

    def __init__(self, root):
        if os.environ.get("NUVOPIPE_SIMULATED"):
            raise MetaflowException(SIMULATED)
        self._root = root
        self._objects = Objects(root)
        self.records = Records(self._objects)

    def flows(self, _attempt):
        return [views.flow_view(flow) for flow in self.records.flows()]

    def flow(self, _attempt, flow):
        return views.flow_view(flow) if self.records.run_ids(flow) else None

    def runs(self, _attempt, flow):
        return [views.run_view(run) for run in self.records.runs(flow)]

    def run(self, _attempt, flow, run):
        record = self.records.run(flow, run)
        return record and views.run_view(record)

    def steps(self, _attempt, flow, run):
        record = self.records.run(flow, run)
        if record is None:
            return None
        names = self.records.steps(record)
        own = own_task.own_record(record)
        if own is not None and own["step"] not in names:
            names.append(own["step"])
        return [view for view in in_parallel(lambda step: self._step(record, step), names) if view]

    def step(self, _attempt, flow, run, step):
        record = self.records.run(flow, run)
        return record and self._step(record, step)

    def _step(self, run, step):
        """The first task by name stands for the first one to start: the same for all steps but those of a foreach."""
        for task in self.tasks(run, step):
            first = self._first(run, step, task)
            return first and views.step_view(run, step, first["started"])
        return None

    def tasks(self, run, step):
        """Their ids."""
        names = list(self.records.tasks(run, step))
        own = own_task.own_record(run)
        if own is not None and own["step"] == step and own["task"] not in names:
            names.append(own["task"])
        return names

    def task_views(self, _attempt, flow, run, step):
        record = self.records.run(flow, run)
        if record is None:
            return None
        firsts = in_parallel(lambda task: self._first(record, step, task), self.tasks(record, step))
        return [views.task_view(record, first) for first in firsts if first]

    def task(self, _attempt, flow, run, step, task):
        record = self.records.run(flow, run)
        first = record and self._first(record, step, task)
        return first and views.task_view(record, first)

    def _first(self, run, step, task):
        return next(iter(self._attempts(run, step, task)), None)

    def _attempts(self, run, step, task):
        """Records of a task's attempts, in their order; the last may be still running."""
        keys = self.records.keys(run, step, task)
        found = [self.records.record(key) for key in keys]
        attempts = [record for record in found if record is not None]
        own = own_task.own_record(run)
        if own is not None and (own["step"], own["task"]) == (step, task) and layout_of(run).commit(step, task) not in keys:
            if all(record["attempt"] < own["attempt"] for record in attempts):
                attempts.append(own)
        return attempts

    def metadata(self, _attempt, flow, run, step, task):
        record = self.records.run(flow, run)
        attempts = self._attempts(record, step, task) if record else []
        if not attempts:
            return None
        found = [view for attempt in attempts for view in views.metadata_views(record, attempt, self._root)]
        origin = attempts[-1].get("origin")
        is_gone = origin is not None and self.records.run(flow, origin.split("/")[1]) is None
        return [view for view in found if view["field_name"] != ORIGIN_TASK] if is_gone else found

    def has_metadata(self, run, step, task, field, pattern):
        data = [datum for attempt in self._attempts(run, step, task) for datum in attempt["metadata"]]
        values = (str(datum["value"]) for datum in data if not field or datum["field_name"] == field)
        return any(pattern.fullmatch(value) for value in values)

    def artifacts(self, attempt, flow, run, step, task):
        record, wanted = self._wanted(attempt, flow, run, step, task)
        return wanted and [views.artifact_view(record, wanted, name, self._root) for name in wanted["objects"]]

    def artifact(self, attempt, flow, run, step, task, name):
        record, wanted = self._wanted(attempt, flow, run, step, task)
        is_there = wanted is not None and name in wanted["objects"]
        return views.artifact_view(record, wanted, name, self._root) if is_there else None

    def _wanted(self, attempt, flow, run, step, task):
        """(the run, the record of an attempt or of the latest); None where there is none."""
        record = self.records.run(flow, run)
        attempts = self._attempts(record, step, task) if record else []
        matching = [each for each in attempts if attempt is None or each["attempt"] == attempt]
        return record, matching[-1] if matching else None

    def mutate_tags(self, flow, run, adding, removing):
        """Changes tags by compare-and-swap on `run.json` and returns them. Same rules as `src/platform/metadata/tags.ts`."""
        from metaflow.exception import MetaflowNotFound, MetaflowTaggingError

        key = RunLayout(flow, run).run
        for _ in range(TAG_ATTEMPTS_MAX):
            found = self._objects.get(key)
            record = found and parsed_run(flow, run, found[0])
            if record is None:
                raise MetaflowNotFound(f"Run('{flow}/{run}') does not exist")
            system = set(record["system_tags"])
            if removing & system:
                raise MetaflowTaggingError(f"system tags cannot be removed: {', '.join(sorted(removing & system))}")
            tags = sorted(set(record["tags"]) - removing | adding - system)
            if self._objects.replace(key, json.dumps({**record, "tags": tags}).encode(), found[1]):
                return frozenset(tags)
        raise MetaflowTaggingError("others are changing these tags at the same time")


_ANSWERS = {
    ("root", "flow"): Reader.flows,
    ("flow", "self"): Reader.flow,
    ("flow", "run"): Reader.runs,
    ("run", "self"): Reader.run,
    ("run", "step"): Reader.steps,
    ("step", "self"): Reader.step,
    ("step", "task"): Reader.task_views,
    ("task", "self"): Reader.task,
    ("task", "metadata"): Reader.metadata,
    ("task", "artifact"): Reader.artifacts,
    ("artifact", "self"): Reader.artifact,
}
"""By what is asked for, and of what: methods that take the wanted attempt and the parts of a pathspec."""
