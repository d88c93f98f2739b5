"""The task that this process runs or was started by. A task has no record until it has ended."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, TypedDict, final

if TYPE_CHECKING:
    from nuvopipe_runtime.contract.formats import ArtifactInfo, DroppedInfo, Metadatum, RunRecord

VARIABLE = "NUVOPIPE_TASK"
"""Environment variable with the task's name, for child processes however they are started."""

_metadata: list[Metadatum] = []
"""Metadata that the task has registered so far; known in its own process and forks of it."""


@final
class OwnRecord(TypedDict):
    """The part of a task's record that exists while the task runs."""

    flow: str
    run: str
    step: str
    task: str
    attempt: int
    started: int
    """Epoch milliseconds."""
    objects: dict[str, str]
    info: dict[str, ArtifactInfo | DroppedInfo]
    metadata: list[Metadatum]


def begin(flow: str, run: str, step: str, task: str, attempt: int, metadata: list[Metadatum]) -> None:
    """Makes this process the task's. `metadata`: a list that grows as the task registers more."""
    global _metadata
    _metadata = metadata
    place = {"flow": flow, "run": run, "step": step, "task": task, "attempt": attempt}
    os.environ[VARIABLE] = json.dumps({**place, "started": int(time.time() * 1000)})


def own_record(run: RunRecord) -> OwnRecord | None:
    """Returns the task's record so far; None if this process does not belong to a task of that run."""
    text = os.environ.get(VARIABLE)
    own = json.loads(text) if text else None
    if own is None or (own["flow"], own["run"]) != (run["flow"], run["run"]):
        return None
    record: OwnRecord = own | {"objects": {}, "info": {}, "metadata": list(_metadata)}
    return record
