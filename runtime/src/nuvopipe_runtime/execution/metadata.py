"""Metaflow's metadata, as a task writes it: kept in memory, and sent to the supervisor with the task's result."""

import time

from metaflow_extensions.nuvopipe.plugins.records_metadata import own_task
from metaflow_extensions.nuvopipe.plugins.records_metadata.provider import RecordsMetadata


def offer_client():
    """Metaflow's client reads our records, also where Metaflow was imported before this runtime was on the Python path."""
    from metaflow import plugins

    if all(provider.TYPE != RecordsMetadata.TYPE for provider in plugins.METADATA_PROVIDERS):
        plugins.METADATA_PROVIDERS.append(RecordsMetadata)


class RecordedMetadata(RecordsMetadata):
    """The commit record is the metadata record, so nothing is registered anywhere while the task runs."""

    def __init__(self, environment, flow, event_logger, monitor):
        super().__init__(environment, flow, event_logger, monitor)
        self.records = []

    def version(self):
        return "nuvopipe"

    def new_run_id(self, tags=None, sys_tags=None):
        raise NotImplementedError("runs are started through OpenWhisk")

    def register_run_id(self, run_id, tags=None, sys_tags=None):
        return False

    def new_task_id(self, run_id, step_name, tags=None, sys_tags=None):
        raise NotImplementedError("task ids are derived from the coordinate")

    def register_task_id(self, run_id, step_name, task_id, attempt=0, tags=None, sys_tags=None):
        own_task.begin(self._flow_name, run_id, step_name, task_id, attempt, self.records)
        self._register_system_metadata(run_id, step_name, task_id, attempt)
        return True

    def register_metadata(self, run_id, step_name, task_id, metadata):
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

    def register_data_artifacts(self, run_id, step_name, task_id, attempt_id, artifacts):
        pass

    def start_task_heartbeat(self, flow_id, run_id, step_name, task_id):
        pass

    def stop_heartbeat(self):
        pass
