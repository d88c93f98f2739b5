"""`RecordsMetadata`: answers Metaflow's client in the same way as `src/platform/metadata/routes.ts`.

It neither imports boto3 nor makes a request before the client is used.
"""

from __future__ import annotations

import json
import os
import re
import sys
from typing import TYPE_CHECKING, Any, ClassVar

from metaflow.exception import MetaflowException
from metaflow.metadata_provider import MetadataProvider

from nuvopipe_runtime.contract.layout import RunLayout

from . import own_task, views
from .objects import Objects, in_parallel
from .records import Records, layout_of, parsed_run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import TypeAlias

    from metaflow.plugins.metadata_providers.local import LocalMetadataProvider

    from nuvopipe_runtime.contract.formats import RunRecord

    from .views import AttemptRecord, View

    Answer: TypeAlias = Callable[..., View | list[View] | None]

TAG_ATTEMPTS_MAX = 10
"""How often a change of tags is tried. Concurrent changes of one run's tags do not collide more often."""

ORIGIN_TASK = "origin-task-id"
"""Fields that would make Metaflow's client ask the origin, which fails if that run was deleted. All facts are here."""


SIMULATED = "a flow test has no runs that Metaflow's client could read: mock this step, or test it with `platform: true`"


class RecordsMetadata(MetadataProvider):
    """A read-only provider, since a task's metadata goes into its record. `INFO`: the datastore's root, `s3://bucket/prefix`."""

    TYPE = "nuvopipe"

    INFO: ClassVar[str]
    _readers: ClassVar[dict[str, Reader]] = {}

    def __new__(cls, *arguments: Any, **options: Any) -> RecordsMetadata | LocalMetadataProvider:
        """For `python flow.py run` or a `Runner` inside a step, makes Metaflow's default provider, which uses files."""
        if cls is not RecordsMetadata:
            made: RecordsMetadata = super().__new__(cls)
            return made
        from metaflow.plugins.metadata_providers.local import LocalMetadataProvider

        return LocalMetadataProvider(*arguments, **options)

    @classmethod
    def metadata_str(cls) -> str:
        return _Description(super().metadata_str())

    @classmethod
    def default_info(cls) -> str:
        return os.environ.get("METAFLOW_DATASTORE_SYSROOT_S3", "")

    @classmethod
    def compute_info(cls, val: str) -> str:
        if not val.startswith("s3://"):
            raise ValueError(f"{cls.TYPE}@{val} is not the root of a datastore: s3://bucket/prefix")
        return val.rstrip("/")

    @classmethod
    def _get_object_internal(
        cls,
        obj_type: str,
        obj_order: int,
        sub_type: str,
        sub_order: int,
        filters: dict[str, Any] | None,
        attempt: int | None,
        *args: str,
    ) -> Any:
        answer = _ANSWERS.get((obj_type, sub_type))
        found = answer(cls._reader(), attempt, *args[:obj_order]) if answer else None
        if not found and args and (files := _files()):
            return files.get_object(obj_type, sub_type, filters, attempt, *args)
        return found if sub_type == "self" or found is None else cls._apply_filter(found, filters)

    @classmethod
    def filter_tasks_by_metadata(cls, flow_name: str, run_id: str, step_name: str, field_name: str, pattern: str) -> list[str]:
        reader = cls._reader()
        run = reader.records.run(flow_name, run_id)
        if run is None:
            files = _files()
            if not files:
                return []
            found: list[str] = files.filter_tasks_by_metadata(flow_name, run_id, step_name, field_name, pattern)
            return found
        tasks = reader.tasks(run, step_name)
        if pattern != ".*":
            wanted = re.compile(pattern or "")
            tasks = [task for task in tasks if reader.has_metadata(run, step_name, task, field_name, wanted)]
        return [f"{flow_name}/{run_id}/{step_name}/{task}" for task in tasks]

    @classmethod
    def _mutate_user_tags_for_run(
        cls,
        flow_id: str,
        run_id: str,
        tags_to_add: Iterable[str] | None = None,
        tags_to_remove: Iterable[str] | None = None,
    ) -> frozenset[str]:
        reader = cls._reader()
        if reader.records.run(flow_id, run_id) is None and (files := _files()):
            tags: frozenset[str] = files._mutate_user_tags_for_run(flow_id, run_id, tags_to_add, tags_to_remove)
            return tags
        return reader.mutate_tags(flow_id, run_id, set(tags_to_add or ()), set(tags_to_remove or ()))

    @classmethod
    def _reader(cls) -> Reader:
        root = cls.INFO
        if root not in cls._readers:
            cls._readers[root] = Reader(root)
        return cls._readers[root]


class _Description(str):
    """Names the metadata of a client's object. It is empty when pickled, because another reader may have other metadata."""

    def __reduce__(self) -> tuple[type[str], tuple[()]]:
        return str, ()


def _files() -> type[LocalMetadataProvider] | None:
    """Returns the metadata of runs that `metaflow.Runner` started in this process; None if there are none."""
    storage = sys.modules.get("metaflow.plugins.datastores.local_storage")
    root: str | None = storage.LocalStorage.datastore_root if storage else None
    if not root or not os.path.isdir(root):
        return None
    from metaflow.plugins.metadata_providers.local import LocalMetadataProvider

    provider: type[LocalMetadataProvider] = LocalMetadataProvider
    return provider


class Reader:
    """Answers about one datastore. The parameter `_attempt` is unused where the answer does not depend on the attempt."""

    def __init__(self, root: str) -> None:
        if os.environ.get("NUVOPIPE_SIMULATED"):
            raise MetaflowException(SIMULATED)
        self._root = root
        self._objects = Objects(root)
        self.records = Records(self._objects)

    def flows(self, _attempt: int | None) -> list[View]:
        return [views.flow_view(flow) for flow in self.records.flows()]

    def flow(self, _attempt: int | None, flow: str) -> View | None:
        return views.flow_view(flow) if self.records.run_ids(flow) else None

    def runs(self, _attempt: int | None, flow: str) -> list[View]:
        return [views.run_view(run) for run in self.records.runs(flow)]

    def run(self, _attempt: int | None, flow: str, run: str) -> View | None:
        record = self.records.run(flow, run)
        return views.run_view(record) if record else None

    def steps(self, _attempt: int | None, flow: str, run: str) -> list[View] | None:
        record = self.records.run(flow, run)
        if record is None:
            return None
        names = self.records.steps(record)
        own = own_task.own_record(record)
        if own is not None and own["step"] not in names:
            names.append(own["step"])
        return [view for view in in_parallel(lambda step: self._step(record, step), names) if view]

    def step(self, _attempt: int | None, flow: str, run: str, step: str) -> View | None:
        record = self.records.run(flow, run)
        return self._step(record, step) if record else None

    def _step(self, run: RunRecord, step: str) -> View | None:
        """Returns a step. Assumes that the first task by name started first, which is only inexact for a foreach."""
        for task in self.tasks(run, step):
            first = self._first(run, step, task)
            return views.step_view(run, step, first["started"]) if first else None
        return None

    def tasks(self, run: RunRecord, step: str) -> list[str]:
        """IDs of the tasks."""
        names = list(self.records.tasks(run, step))
        own = own_task.own_record(run)
        if own is not None and own["step"] == step and own["task"] not in names:
            names.append(own["task"])
        return names

    def task_views(self, _attempt: int | None, flow: str, run: str, step: str) -> list[View] | None:
        record = self.records.run(flow, run)
        if record is None:
            return None
        firsts = in_parallel(lambda task: self._first(record, step, task), self.tasks(record, step))
        return [views.task_view(record, first) for first in firsts if first]

    def task(self, _attempt: int | None, flow: str, run: str, step: str, task: str) -> View | None:
        record = self.records.run(flow, run)
        first = self._first(record, step, task) if record else None
        return views.task_view(record, first) if record and first else None

    def _first(self, run: RunRecord, step: str, task: str) -> AttemptRecord | None:
        return next(iter(self._attempts(run, step, task)), None)

    def _attempts(self, run: RunRecord, step: str, task: str) -> list[AttemptRecord]:
        """Records of a task's attempts, in order; the last one may still be running."""
        keys = self.records.keys(run, step, task)
        found = [self.records.record(key) for key in keys]
        attempts: list[AttemptRecord] = [record for record in found if record is not None]
        own = own_task.own_record(run)
        if own is not None and (own["step"], own["task"]) == (step, task) and layout_of(run).commit(step, task) not in keys:
            if all(record["attempt"] < own["attempt"] for record in attempts):
                attempts.append(own)
        return attempts

    def metadata(self, _attempt: int | None, flow: str, run: str, step: str, task: str) -> list[View] | None:
        record = self.records.run(flow, run)
        attempts = self._attempts(record, step, task) if record else []
        if record is None or not attempts:
            return None
        found = [view for attempt in attempts for view in views.metadata_views(record, attempt, self._root)]
        last = attempts[-1]
        origin = last["origin"] if "origin" in last else None
        is_gone = origin is not None and self.records.run(flow, origin.split("/")[1]) is None
        return [view for view in found if view["field_name"] != ORIGIN_TASK] if is_gone else found

    def has_metadata(self, run: RunRecord, step: str, task: str, field: str, pattern: re.Pattern[str]) -> bool:
        data = [datum for attempt in self._attempts(run, step, task) for datum in attempt["metadata"]]
        values = (str(datum["value"]) for datum in data if not field or datum["field_name"] == field)
        return any(pattern.fullmatch(value) for value in values)

    def artifacts(self, attempt: int | None, flow: str, run: str, step: str, task: str) -> list[View] | None:
        found = self._wanted(attempt, flow, run, step, task)
        if found is None:
            return None
        record, wanted = found
        return [views.artifact_view(record, wanted, name, self._root) for name in wanted["objects"]]

    def artifact(self, attempt: int | None, flow: str, run: str, step: str, task: str, name: str) -> View | None:
        found = self._wanted(attempt, flow, run, step, task)
        if found is None or name not in found[1]["objects"]:
            return None
        return views.artifact_view(*found, name, self._root)

    def _wanted(self, attempt: int | None, flow: str, run: str, step: str, task: str) -> tuple[RunRecord, AttemptRecord] | None:
        """Returns (record of the run, record of the attempt). None asks for the latest attempt."""
        record = self.records.run(flow, run)
        attempts = self._attempts(record, step, task) if record else []
        matching = [each for each in attempts if attempt is None or each["attempt"] == attempt]
        return (record, matching[-1]) if record and matching else None

    def mutate_tags(self, flow: str, run: str, adding: set[str], removing: set[str]) -> frozenset[str]:
        """Changes tags by compare-and-swap on `run.json` and returns them, like `src/platform/metadata/tags.ts`."""
        from metaflow.exception import MetaflowNotFound, MetaflowTaggingError

        key = RunLayout(flow, run).run
        for _ in range(TAG_ATTEMPTS_MAX):
            found = self._objects.get(key)
            record = parsed_run(flow, run, found[0]) if found else None
            if found is None or record is None:
                raise MetaflowNotFound(f"Run('{flow}/{run}') does not exist")
            system = set(record["system_tags"])
            if removing & system:
                raise MetaflowTaggingError(f"system tags cannot be removed: {', '.join(sorted(removing & system))}")
            tags = sorted(set(record["tags"]) - removing | adding - system)
            if self._objects.replace(key, json.dumps({**record, "tags": tags}).encode(), found[1]):
                return frozenset(tags)
        raise MetaflowTaggingError("others are changing these tags at the same time")


_ANSWERS: dict[tuple[str, str], Answer] = {
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
"""Methods by object and part of it. They take the wanted attempt and the parts of a pathspec."""
