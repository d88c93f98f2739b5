"""Shows records as Metaflow's metadata service does, in the same way as `src/platform/metadata/views.ts`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import TypeAlias

    from nuvopipe_runtime.contract.formats import RunRecord, TaskRecord

    from .own_task import OwnRecord

    View: TypeAlias = dict[str, Any]
    """A JSON object of Metaflow's metadata service."""

    AttemptRecord: TypeAlias = TaskRecord | OwnRecord


def flow_view(flow: str) -> View:
    """A flow. It has no own time, so it is shown as older than all its runs."""
    return {"flow_id": flow, "ts_epoch": 0}


def run_view(run: RunRecord) -> View:
    return {
        "flow_id": run["flow"],
        "run_number": run["run"],
        "user_name": run["user"],
        "tags": run["tags"],
        "system_tags": run["system_tags"],
        "ts_epoch": run["created"],
    }


def step_view(run: RunRecord, step: str, first_started: int) -> View:
    """A step, which begins with its first task."""
    return {**run_view(run), "step_name": step, "ts_epoch": first_started}


def task_view(run: RunRecord, record: AttemptRecord) -> View:
    return {**step_view(run, record["step"], record["started"]), "task_id": record["task"]}


def artifact_view(run: RunRecord, record: AttemptRecord, name: str, root: str) -> View:
    """An artifact of an attempt. In a running attempt it has no own time."""
    info = record["info"].get(name)
    return {
        **task_view(run, record),
        "attempt_id": record["attempt"],
        "name": name,
        "content_type": info["encoding"] if info and "encoding" in info else "",
        "type": "metaflow.artifact",
        "sha": record["objects"][name],
        "ds_type": "s3",
        "location": f":root:{root}",
        "ts_epoch": record["ended"] if "ended" in record else record["started"],
    }


def metadata_views(run: RunRecord, record: AttemptRecord, root: str) -> list[View]:
    """The metadata that Metaflow wrote, or what its client needs if the task's process was lost before that.

    A task that is running has no `ended`.
    """
    place = {key: value for key, value in task_view(run, record).items() if key not in ("ts_epoch", "tags", "system_tags")}
    written = [{**place, **datum} for datum in record["metadata"]]
    attempt, started = str(record["attempt"]), record["started"]
    needed = [("attempt", attempt, started), ("ds-type", "s3", started), ("ds-root", root, started)]
    if "ended" in record:
        needed += [("attempt_ok", str(record["ok"]), record["ended"]), ("attempt-done", attempt, record["ended"])]
    known = {datum["field_name"] for datum in written}
    added = [
        {
            **place,
            "field_name": name,
            "value": value,
            "type": "internal_attempt_status" if name == "attempt_ok" else name,
            "tags": [f"attempt_id:{attempt}"],
            "ts_epoch": at,
        }
        for name, value, at in needed
        if name not in known
    ]
    return [*written, *added]
