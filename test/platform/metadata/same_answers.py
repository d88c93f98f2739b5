"""Asks the metadata service and the records themselves for everything in a datastore; prints what they answer differently.

Its argument is the folder of the runtime; the environment says where the service and the datastore are.
"""

import json
import os
import sys

sys.path.insert(0, sys.argv[1])

from metaflow.plugins import METADATA_PROVIDERS

BY_TYPE = {provider.TYPE: provider for provider in METADATA_PROVIDERS}
SERVICE, RECORDS = BY_TYPE["service"], BY_TYPE["nuvopipe"]

TASKS = 2
"""Of a step."""

asked, different = 0, []


def ask(question, *path, attempt=None, filters=None):
    global asked
    asked += 1
    answers = [provider.get_object(*question, filters, attempt, *path) for provider in (SERVICE, RECORDS)]
    compare([*question, *path, attempt, filters], *answers)
    return answers[0]


def compare(what, service, records):
    if json.dumps(service, sort_keys=True) != json.dumps(records, sort_keys=True):
        different.append({"asked": what, "service": service, "records": records})


def ids(objects, name):
    return [each[name] for each in objects or []]


for flow in [*ids(ask(("root", "flow")), "flow_id"), "NoFlow"]:
    ask(("flow", "self"), flow)
    ask(("flow", "run"), flow, filters={"any_tags": "user:ada"})
    ask(("flow", "run"), flow, filters={"any_tags": "nobody"})
    for run in [*ids(ask(("flow", "run"), flow), "run_number"), "none"]:
        ask(("run", "self"), flow, run)
        for step in [*ids(ask(("run", "step"), flow, run), "step_name"), "none"]:
            ask(("step", "self"), flow, run, step)
            if run != "none":
                for field, pattern in (
                    ("attempt", "0|1"),
                    ("foreach-execution-path", ".*:1"),
                    ("attempt", ".*"),
                ):
                    found = [p.filter_tasks_by_metadata(flow, run, step, field, pattern) for p in (SERVICE, RECORDS)]
                    compare([flow, run, step, field, pattern], *found)
            for task in [
                *ids(ask(("step", "task"), flow, run, step), "task_id")[:TASKS],
                "none",
            ]:
                ask(("task", "self"), flow, run, step, task)
                attempts = [datum["value"] for datum in ask(("task", "metadata"), flow, run, step, task) or []]
                for attempt in (None, 0, 1) if "1" in attempts else (None, 0):
                    names = ids(
                        ask(("task", "artifact"), flow, run, step, task, attempt=attempt),
                        "name",
                    )
                    for name in [*names[:1], "none"]:
                        ask(
                            ("artifact", "self"),
                            flow,
                            run,
                            step,
                            task,
                            name,
                            attempt=attempt,
                        )

print(
    json.dumps(
        {
            "asked": asked,
            "different": different,
            "root": os.environ["METAFLOW_DATASTORE_SYSROOT_S3"],
        }
    )
)
