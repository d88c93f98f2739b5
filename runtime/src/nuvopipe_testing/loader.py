"""The loader of a test: a step action's loader whose tasks can be mocked and can read the artifacts of other tasks."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from nuvopipe_runtime.execution import loader, task
from nuvopipe_runtime.execution.json_form import readable
from nuvopipe_runtime.execution.storage import give_inputs

from .mocks import put_in_place

if TYPE_CHECKING:
    from collections.abc import Sequence

    from metaflow.cli import CliState
    from metaflow.datastore.task_datastore import TaskDataStore

    from nuvopipe_runtime.execution.request import Outcome, ReadArtifacts, Request

step = task.OPERATIONS["step"]


def mocked_step(context: CliState, request: Request, result: Outcome) -> None:
    if mock := request.get("mock"):
        put_in_place(sys.modules["__main__"], request["step"], mock)
    step(context, request, result)


def read(context: CliState, request: Request, result: Outcome) -> None:
    """Reads artifacts of tasks as JSON."""
    paths = give_inputs(context.flow_datastore, request)
    opened = context.flow_datastore.get_task_datastores(pathspecs=paths)
    result["read"] = [_read_one(datastore, request["names"]) for datastore in opened]


def _read_one(datastore: TaskDataStore, names: Sequence[str]) -> ReadArtifacts:
    values: dict[str, Any] = {}
    unreadable: dict[str, str] = {}
    for name in names:
        if name not in datastore:
            continue
        try:
            values[name] = readable(datastore[name])
        except Exception as error:
            unreadable[name] = f"{type(error).__name__}: {error}"
    return {"values": values, "unreadable": unreadable}


task.OPERATIONS |= {"step": mocked_step, "read": read}


if __name__ == "__main__":
    loader.main(int(sys.argv[1]), sys.argv[2])
