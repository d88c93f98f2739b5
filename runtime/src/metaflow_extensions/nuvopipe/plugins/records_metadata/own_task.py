"""The task that this process runs, or that started it: it has no record until it has ended."""

import json
import os
import time

VARIABLE = "NUVOPIPE_TASK"
"""Tells child processes, however they are started, whose they are."""

_metadata = []
"""What the task has registered so far; only its own process and forks of it know."""


def begin(flow, run, step, task, attempt, metadata):
    """`metadata`: a list that grows as the task registers more."""
    global _metadata
    _metadata = metadata
    place = {"flow": flow, "run": run, "step": step, "task": task, "attempt": attempt}
    os.environ[VARIABLE] = json.dumps({**place, "started": int(time.time() * 1000)})


def own_record(run):
    """As a record of a task without `ended`; None where this process belongs to no task of that run."""
    text = os.environ.get(VARIABLE)
    own = json.loads(text) if text else None
    if own is None or (own["flow"], own["run"]) != (run["flow"], run["run"]):
        return None
    return {**own, "objects": {}, "info": {}, "metadata": list(_metadata)}
