"""Steps that call: an action that the conductor invokes, a flow that has a run of its own.

Such a step is entered several times. First its arguments are made, from its artifacts; then the conductor comes back with
what the action answered, or the flow's result is looked for; at last the step is executed as any other, with the answer.
"""

import hashlib
import json
import re

from ...contract.layout import RunLayout
from ...contract.protocol import (
    ACTION_ERROR,
    CALL_ARGUMENTS_MAX_BYTES,
    CRASH,
    PARAMETERS_MAX_BYTES,
    PARAMETERS_STEP,
    PARAMETERS_TASK,
    POLL_FIRST_MS,
    POLL_GROWTH,
    POLL_MAX_MS,
    RUN_NAME_MAX_LENGTH,
    TIMEOUT,
)
from ...execution.json_form import restore

TIMED_OUT = re.compile(r"exceeded its time limits? of \d")
CRASHED = re.compile(r"exited unexpectedly|did not produce a valid response|exhausted its memory|command exited")
"""OpenWhisk's words for an action that was ended, or has ended itself."""

NAMED = re.compile(r"(?:An error has occurred: )?([A-Za-z_][\w.]*(?:Error|Exception|Timeout|Interrupt|Warning))(?::|$)")
"""The error of an action that an exception has ended begins with the name of that."""

TASK_PARTS = 4
"""Of a pathspec: flow, run, step, task."""


START_AGAIN_EVERY = 8
"""Looks after which a flow that has not begun is started once more: the same run, however often."""

UNBEGUN_LOOKS_MAX = 3 * START_AGAIN_EVERY
"""Looks, over some ten minutes, after which a flow that has not begun is given up."""


def too_large(call, arguments):
    """Why what a step gives to its action or flow is too much; None when it is not."""
    what, limit = ("a flow", PARAMETERS_MAX_BYTES) if "flow" in call else ("an action", CALL_ARGUMENTS_MAX_BYTES)
    size = len(json.dumps(arguments, ensure_ascii=False).encode(errors="surrogatepass"))
    return None if size <= limit else f"its arguments have {size} bytes: {what} takes {limit} at most"


def run_of(layout, step, task, attempt):
    """The name of the run of a step's flow: the same, however often the attempt is entered."""
    name = "-".join([layout.run_id, step, task, *([str(attempt)] if attempt else [])])
    if len(name) <= RUN_NAME_MAX_LENGTH:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:12]
    return f"{name[: RUN_NAME_MAX_LENGTH - 13]}-{digest}"


def poll_ms(poll):
    return round(min(POLL_FIRST_MS * POLL_GROWTH**poll, POLL_MAX_MS))


def result_of(store, flow, run):
    """The answer that a flow's result makes; None as long as there is none."""
    result = store.get_json(RunLayout(flow, run).result)
    if result is None:
        return None
    if result["status"] == "succeeded":
        return {"result": restore(result.get("outputs", {}), result.get("exact", {}))}
    if "error" not in result:
        return {"error": f"the flow {flow} was {result['status']} (run {run})", "kinds": []}
    error = result["error"]
    answer = {"error": f"the flow {flow} failed: {error['message']} (run {run})"}
    task = error.get("task", "").split("/")
    record = store.get_json(RunLayout(*task[:2]).commit(*task[2:])) if len(task) == TASK_PARTS else None
    return answer | {"kinds": (record or {}).get("kinds", [])}


def begun_ms(store, flow, run):
    """When a flow's run has begun, epoch milliseconds; None when it has not."""
    record = store.get_json(RunLayout(flow, run).run)
    return record and record["created"]


def is_over(store, flow, run):
    return store.exists(RunLayout(flow, run).result)


def is_resumable(store, flow, run):
    """Whether a run can be resumed, once it is over."""
    layout = RunLayout(flow, run)
    record = store.get_json(layout.run)
    is_kept = record is not None and store.exists(layout.commit(PARAMETERS_STEP, PARAMETERS_TASK))
    return is_kept and "refused" not in record


def error_of(answer):
    """The text of an answer's error; None where there is none."""
    error = answer.get("error")
    if error is None or isinstance(error, str):
        return error
    if isinstance(error, dict):
        error = error.get("error", error.get("message", error))
    return str(error)


def kinds_of(answer):
    """What `retry.on` may call the error of an answer: a flow's has the `kinds` of its task, of an action's its text tells."""
    if "kinds" in answer:
        return [ACTION_ERROR, *answer["kinds"]]
    text, error = error_of(answer), answer["error"]
    kinds = [ACTION_ERROR]
    if TIMED_OUT.search(text):
        kinds.append(TIMEOUT)
    elif CRASHED.search(text):
        kinds.append(CRASH)
    named = (
        [error[key] for key in ("name", "type", "code") if isinstance(error.get(key), str)] if isinstance(error, dict) else []
    )
    found = NAMED.match(text)
    return kinds + named + ([found[1], found[1].rpartition(".")[2]] if found else [])
