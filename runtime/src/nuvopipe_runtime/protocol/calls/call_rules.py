"""Rules for steps that call an action, which the conductor invokes, or a flow, which gets its own run.

Such a step is entered several times. First its arguments are made from its artifacts. Then the conductor returns with the
action's answer, or the step looks for the flow's result. Finally it is executed like any other step, with the answer.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

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

if TYPE_CHECKING:
    from ...contract.formats import PlannedCall, RunRecord, RunResult, TaskRecord
    from ...store import Store
    from ..values.conductor_values import Answer

TIMED_OUT = re.compile(r"exceeded its time limits? of \d")
CRASHED = re.compile(r"exited unexpectedly|did not produce a valid response|exhausted its memory|command exited")
"""OpenWhisk's messages for an action that crashed."""

NAMED = re.compile(r"(?:An error has occurred: )?([A-Za-z_][\w.]*(?:Error|Exception|Timeout|Interrupt|Warning))(?::|$)")
"""The error of an action that raised an exception begins with the name of the exception."""

TASK_PARTS = 4
"""Parts of a pathspec: flow, run, step, task."""


START_AGAIN_EVERY = 8
"""Number of looks after which a flow that has not begun is started again. It is the same run each time."""

UNBEGUN_LOOKS_MAX = 3 * START_AGAIN_EVERY
"""Number of looks after which the step gives up on a flow that has not begun: about ten minutes."""


def too_large(call: PlannedCall, arguments: Any) -> str | None:
    """Returns an error message if the arguments of an action or flow are too large; otherwise None."""
    what, limit = ("a flow", PARAMETERS_MAX_BYTES) if "flow" in call else ("an action", CALL_ARGUMENTS_MAX_BYTES)
    size = len(json.dumps(arguments, ensure_ascii=False).encode(errors="surrogatepass"))
    return None if size <= limit else f"its arguments have {size} bytes, but {what} takes at most {limit}"


def run_of(layout: RunLayout, step: str, task: str, attempt: int) -> str:
    """Returns the name of a called flow's run. It stays the same when the attempt is re-entered."""
    name = "-".join([layout.run_id, step, task, *([str(attempt)] if attempt else [])])
    if len(name) <= RUN_NAME_MAX_LENGTH:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:12]
    return f"{name[: RUN_NAME_MAX_LENGTH - 13]}-{digest}"


def poll_ms(poll: int) -> int:
    return round(min(POLL_FIRST_MS * POLL_GROWTH**poll, POLL_MAX_MS))


def result_of(store: Store, flow: str, run: str) -> Answer | None:
    """Returns the answer from the result of a called run; None if it has no result yet."""
    result: RunResult | None = store.get_json(RunLayout(flow, run).result)
    if result is None:
        return None
    if result["status"] == "succeeded":
        return {"result": restore(result.get("outputs", {}), result.get("exact", {}))}
    if "error" not in result:
        return {"error": f"the flow {flow} was {result['status']} (run {run})", "kinds": []}
    error = result["error"]
    return {
        "error": f"the flow {flow} failed: {error['message']} (run {run})",
        "kinds": _kinds_of_task(store, error.get("task", "")),
    }


def _kinds_of_task(store: Store, pathspec: str) -> list[str]:
    place = pathspec.split("/")
    if len(place) != TASK_PARTS:
        return []
    flow, run, step, task = place
    record: TaskRecord | None = store.get_json(RunLayout(flow, run).commit(step, task))
    return [] if record is None else record.get("kinds", [])


def run_record(store: Store, flow: str, run: str) -> RunRecord | None:
    """Returns the record of a called run; None if the run has not begun."""
    record: RunRecord | None = store.get_json(RunLayout(flow, run).run)
    return record


def is_over(store: Store, flow: str, run: str) -> bool:
    return store.exists(RunLayout(flow, run).result)


def is_resumable(store: Store, flow: str, run: str) -> bool:
    """Whether a run can be resumed after its end."""
    layout = RunLayout(flow, run)
    record = store.get_json(layout.run)
    is_kept = record is not None and store.exists(layout.commit(PARAMETERS_STEP, PARAMETERS_TASK))
    return is_kept and "refused" not in record


def error_of(answer: Answer) -> str | None:
    """Error message of an answer; None if it has no error."""
    error = answer.get("error")
    if error is None or isinstance(error, str):
        return error
    if isinstance(error, dict):
        error = error.get("error", error.get("message", error))
    return str(error)


def kinds_of(answer: Answer) -> list[str]:
    """Names of an answer's error for `retry.on`: the `kinds` of a flow's failed task, or those in the text of an action."""
    if "kinds" in answer:
        return [ACTION_ERROR, *answer["kinds"]]
    text, error = error_of(answer) or "", answer["error"]
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
