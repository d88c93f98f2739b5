"""All artifacts of a run, through Metaflow's stock client: `python artifacts.py FLOW/RUN` prints JSON.

{step: [{stack, ok, artifacts: {name: value}, stdout}]}, tasks in the order of their foreach indices. A value of plain types is
its `repr`; any other, or a long one, is the SHA-1 of its pickle. (The pickles of equal lists may differ: they also tell which
of their items are the same object.)
"""

import hashlib
import json
import pickle
import sys

from metaflow import Run, namespace

LEFT_OUT = {
    # Names the file that was run, and what else is installed.
    "_graph_info",
}


PLAIN = (str, int, float, bool, bytes, type(None))
REPR_MAX = 2_000


def is_plain(value):
    if type(value) in (list, tuple, set):
        return all(map(is_plain, value))
    if type(value) is dict:
        return all(map(is_plain, value.keys())) and all(map(is_plain, value.values()))
    return type(value) in PLAIN


def in_order(value):
    """The elements of sets have one: it differs from process to process."""
    if type(value) is set:
        return ["set", sorted(map(in_order, value), key=repr)]
    if type(value) is dict:
        return {key: in_order(each) for key, each in value.items()}
    return type(value)(map(in_order, value)) if type(value) in (list, tuple) else value


def describe_value(value):
    if type(value).__name__ == "MetaflowExceptionWrapper":  # its traceback names files of one run
        # Of what no exception tells, nuvopipe gives the reason, which Metaflow does not know.
        return value.type if value.type.endswith("FailureHandledByCatch") else f"{value.type}: {value.exception}"
    text = repr(in_order(value)) if is_plain(value) else None
    return text if text and len(text) <= REPR_MAX else hashlib.sha1(pickle.dumps(value)).hexdigest()


def describe(task):
    artifacts = {artifact.id: describe_value(artifact.data) for artifact in task if artifact.id not in LEFT_OUT}
    stack = task["_foreach_stack"].data
    return {
        "stack": [[frame.step, frame.var, frame.num_splits, frame.index, frame.value] for frame in stack or []],
        "ok": task.successful,
        "artifacts": artifacts,
        # A caught exception's traceback, too.
        "stdout": "".join(line for line in task.stdout.splitlines(True) if not line.startswith(">")),
    }


namespace(None)
run = Run(sys.argv[1])
steps = {step.id: sorted((describe(task) for task in step), key=lambda found: json.dumps(found["stack"])) for step in run}
print(json.dumps({"successful": run.successful, "steps": dict(sorted(steps.items()))}, ensure_ascii=False))
