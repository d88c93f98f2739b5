"""Metaflow's metadata of a task: kept in memory, and sent to the supervisor with the task's result."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from metaflow_extensions.nuvopipe.plugins.records_metadata import own_task
from metaflow_extensions.nuvopipe.plugins.records_metadata.provider import RecordsMetadata

if TYPE_CHECKING:
    from collections.abc import Iterable

    from metaflow import FlowSpec
    from metaflow.metadata_provider import MetaDatum
    from metaflow.metaflow_environment import MetaflowEnvironment

    from ..contract.formats import Metadatum


class RecordedMetadata(RecordsMetadata):
    """Collects metadata in memory. The commit record holds it, so nothing is registered while the task runs."""

    def __init__(self, environment: MetaflowEnvironment, flow: FlowSpec, event_logger: object, monitor: object) -> None:
        super().__init__(environment, flow, event_logger, monitor)
        self.records: list[Metadatum] = []

    def version(self) -> str:
        return "nuvopipe"

    def new_run_id(self, tags: Iterable[str] | None = None, sys_tags: Iterable[str] | None = None) -> str:
        raise NotImplementedError("runs are started through OpenWhisk")

    def register_run_id(self, run_id: str, tags: Iterable[str] | None = None, sys_tags: Iterable[str] | None = None) -> bool:
        return False

    def new_task_id(
        self, run_id: str, step_name: str, tags: Iterable[str] | None = None, sys_tags: Iterable[str] | None = None
    ) -> str:
        raise NotImplementedError("task IDs are derived from the coordinate")

    def register_task_id(
        self,
        run_id: str,
        step_name: str,
        task_id: str,
        attempt: int = 0,
        tags: Iterable[str] | None = None,
        sys_tags: Iterable[str] | None = None,
    ) -> bool:
        own_task.begin(self._flow_name, run_id, step_name, task_id, attempt, self.records)
        self._register_system_metadata(run_id, step_name, task_id, attempt)
        return True

    def register_metadata(self, run_id: str, step_name: str, task_id: str, metadata: Iterable[MetaDatum]) -> None:
        now = int(time.time() * 1000)
        self.records += [
            {
                "field_name": datum.field,
                "value": datum.value,
                "type": datum.type,
                "tags": list(datum.tags or []),
                "ts_epoch": now,
            }
            for datum in metadata
        ]

    def register_data_artifacts(
        self, run_id: str, step_name: str, task_id: str, attempt_id: int, artifacts: Iterable[object]
    ) -> None:
        pass

    def start_task_heartbeat(self, flow_id: str, run_id: str, step_name: str, task_id: str) -> None:
        pass

    def stop_heartbeat(self) -> None:
        pass
