"""The loader of a test: that of a step action, whose tasks can be mocked, and asked for what others have left."""

import sys

from nuvopipe_runtime.execution import loader, task
from nuvopipe_runtime.execution.json_form import readable
from nuvopipe_runtime.execution.storage import give_inputs

from .mocks import put_in_place

step = task.OPERATIONS["step"]


def mocked_step(context, request, result):
    if request.get("mock"):
        put_in_place(sys.modules["__main__"], request["step"], request["mock"])
    step(context, request, result)


def read(context, request, result):
    """Artifacts of tasks as JSON: for each of them `values` by name, and why others cannot be read."""
    paths = give_inputs(context.flow_datastore, request)
    opened = context.flow_datastore.get_task_datastores(pathspecs=paths)
    result["read"] = [_read_one(datastore, request["names"]) for datastore in opened]


def _read_one(datastore, names):
    values, unreadable = {}, {}
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
