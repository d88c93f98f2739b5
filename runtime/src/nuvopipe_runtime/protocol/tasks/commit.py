"""The commit: one conditional PUT a task decides which attempt counts, and says all that Metaflow's client asks of it.

Metaflow's own files of the attempt (`0.data.json`, `0.DONE.lock`, logs) are written after the commit, by its winner: an
attempt that lost leaves nothing that a Metaflow client would prefer.
"""

import json
import sys

from ...contract.layout import RunLayout
from ...contract.parse_key import parts_of
from ...contract.protocol import EXCEPTION_KINDS_MAX, METAFLOW_ATTEMPTS_MAX, PARENTS_MAX, PASSED_MAX, STREAMS
from ...store import Lost, to_json
from .retries import attempts_max


def make_record(context, step, task, at, attempt, parents, number=0):
    """`TaskRecord` of `src/contract/records.ts`, from an `execute.Attempt`, the task's `number`th from 0."""
    result = attempt.result
    record = {
        "version": 1,
        "flow": context.plan.flow,
        "run": context.layout.run_id,
        "step": step,
        "task": task,
        "attempt": number,
        "at": list(at),
        "started": int(attempt.started * 1000),
        "ended": int(attempt.ended * 1000),
        "ok": attempt.ok,
        "objects": result.get("objects", {}),
        "info": result.get("info", {}),
        "metadata": result.get("metadata", []),
        "parents": parents[:PARENTS_MAX],
        "by": context.by,
    }
    spec = context.plan.steps.get(step, {})
    if "choose" in spec.get("next", {}) and result.get("chose"):
        record["chose"] = result["chose"]
        record["passed"] = context.plan.passed_by(step, result["chose"])[:PASSED_MAX]
    if not attempt.ok and (spec.get("retry") or spec.get("catches")):
        record["attempts"] = attempts_max(spec)
    if result.get("splits") is not None:
        record["splits"] = result["splits"]
    if "outputs" in result:
        record["outputs"] = result["outputs"]
        if result.get("exact"):
            record["exact"] = result["exact"]
    if attempt.error:
        record["error"] = attempt.error
        record["kinds"] = attempt.kinds[:EXCEPTION_KINDS_MAX]
    logs = [stream for stream in STREAMS if getattr(attempt, stream)]
    if logs:
        record["logs"] = logs
    return record


def number_of_files(record):
    """What the names of Metaflow's files of an attempt begin with; `numberOfFiles` of `src/contract/records.ts`.

    The client looks for six attempts. Of more, the committed one is the sixth for it; those that failed before that are none.
    """
    attempt, last = record["attempt"], METAFLOW_ATTEMPTS_MAX - 1
    if attempt < last:
        return str(attempt)
    return f"{attempt}-failed" if record.get("retried") else str(last)


def commit(store, layout, record):
    """The committed record: this one, or that of the attempt which was first. Never overwrites."""
    key = layout.commit(record["step"], record["task"])
    try:
        store.create(key, to_json(record))
        return record
    except Lost:
        # A repeated PUT whose first answer was lost finds its own record.
        return store.get_json(key)


def keep_failed(store, layout, record):
    """The record of a failed attempt that another follows, and its logs. The first of its number is kept."""
    try:
        store.create(layout.failed_attempt(record["step"], record["task"], record["attempt"]), to_json(record))
    except Lost:
        pass


def last_failure(store, layout, step, task):
    """The record of the last attempt that has been kept as failed; None when there is none."""
    prefix = layout.failed_attempts_prefix(step, task)
    last = max((int(key[len(prefix) :]) for key in store.list_stem(prefix)), default=None)
    return None if last is None else store.get_json(layout.failed_attempt(step, task, last))


def attempt_after_failures(store, layout, step, task):
    """The attempt that follows those which have been kept as failed; 0 when there is none."""
    record = last_failure(store, layout, step, task)
    return 0 if record is None else record["retried"]


def parents_of(inputs):
    """Pathspecs, without the flow, of the tasks that a task has read."""
    return ["/".join((read["run"], read["step"], read["task"])) for read in inputs[:PARENTS_MAX]]


def is_ours(record, by):
    return record["by"] == by


def finish(store, record, tried=None):
    """Starts to write Metaflow's files of an attempt, by which its stock client reads the task; see `wait`.

    `tried` has the logs, where this session has executed the task.

    Those of a failed attempt that another follows are its logs alone: with data it might be taken for the committed one.
    """
    number = number_of_files(record)
    layout, task = RunLayout(record["flow"], record["run"]), (record["step"], record["task"])
    puts = [(store.put, layout.metaflow_attempt(*task, number), to_json({"time": record["started"] / 1000}))]
    if record["objects"] and not record.get("retried"):
        data = {
            "datastore": "s3",
            "version": "1.0",
            "attempt": int(number),
            "python_version": sys.version,
            "objects": record["objects"],
            "info": record["info"],
        }
        puts.append((store.put, layout.metaflow_data(*task, number), json.dumps(data).encode()))
        puts.append((store.put, layout.metaflow_done(*task, number), b'""'))
    source = record.get("origin") or record.get("cached")
    if source:
        puts.append((store.put, layout.reused(*task), b"{}"))
        # Metaflow's client looks for a task's logs beside the task itself, even if the task was taken over.
        flow, run, *taken = source.split("/")
        for stream in record.get("logs", ()):
            theirs = RunLayout(flow, run).metaflow_log(*taken, number, stream)
            puts.append((store.copy, theirs, layout.metaflow_log(*task, number, stream)))
    written = [(stream, getattr(tried, stream, b"")) for stream in STREAMS]
    logs = [(layout.metaflow_log(*task, number, stream), content) for stream, content in written if content]
    if getattr(tried, "live_log", None):
        puts.append((_replace, tried.live_log, store, logs))
    else:
        puts += [(store.put, *log) for log in logs]
    return [store.submit(*put) for put in puts]


def _replace(live_log, store, logs):
    for log in logs:
        store.put(*log)
    live_log.remove()


def _tasks(name, keys):
    """`(step, task)` of the keys with this template."""
    return {(parts["step"], parts["task"]) for key in keys if (parts := parts_of(name, key))}


def finish_missing(store, layout):
    """Writes Metaflow's files of a run's committed tasks that have none: who committed them was lost in that instant."""
    ours, metaflows = store.parallel([(store.list, prefix) for prefix in (layout.tasks_prefix, layout.metaflow_run_prefix)])
    committed, finished = _tasks("commit", ours), _tasks("metaflow_done", metaflows)
    missing = store.parallel([(store.get_json, layout.commit(*task)) for task in sorted(committed - finished)])
    wait([file for record in missing for file in finish(store, record)])


def wait(files):
    """Until they are written; an activation must not answer before, for its container may be paused then."""
    for file in files:
        file.result()
