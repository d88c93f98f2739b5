"""The commit: one conditional PUT per task decides which attempt counts. Its record holds all that Metaflow's client asks for.

Metaflow's own files of the attempt (`0.data.json`, `0.DONE.lock`, logs) are written after the commit, by its winner: an
attempt that lost leaves nothing that a Metaflow client would prefer.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from ...contract.layout import RunLayout
from ...contract.parse_key import parts_of
from ...contract.protocol import EXCEPTION_KINDS_MAX, METAFLOW_ATTEMPTS_MAX, PARENTS_MAX, STREAMS
from ...store import Lost, to_json

if TYPE_CHECKING:
    from concurrent.futures import Future

    from ...context import Context
    from ...contract.formats import Stream, TaskRecord
    from ...execution.attempt import Attempt
    from ...execution.live_log import LiveLog
    from ...store import Store


def make_record(
    context: Context, step: str, task: str, at: list[int], attempt: Attempt, parents: list[str], number: int = 0
) -> TaskRecord:
    """The record of an attempt, the task's `number`th from 0."""
    result = attempt.result
    record: TaskRecord = {
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
    spec = context.plan.steps.get(step)
    if spec is not None and "choose" in spec["next"] and result.get("chose"):
        record["chose"] = result["chose"]
    splits = result.get("splits")
    if splits is not None:
        record["splits"] = splits
    if "outputs" in result:
        record["outputs"] = result["outputs"]
        if result.get("exact"):
            record["exact"] = result["exact"]
    if attempt.error:
        record["error"] = attempt.error
        record["kinds"] = attempt.kinds[:EXCEPTION_KINDS_MAX]
    logs: list[Stream] = [stream for stream in STREAMS if getattr(attempt, stream)]
    if logs:
        record["logs"] = logs
    return record


def number_of_files(record: TaskRecord) -> str:
    """Prefix of the names of Metaflow's files of an attempt; `numberOfFiles` of `src/contract/records.ts`.

    Metaflow's client looks for six attempts. If there are more, the committed one appears as the sixth, and failed ones from
    the sixth on are not shown.
    """
    attempt, last = record["attempt"], METAFLOW_ATTEMPTS_MAX - 1
    if attempt < last:
        return str(attempt)
    return f"{attempt}-failed" if record.get("retried") else str(last)


def commit(store: Store, layout: RunLayout, record: TaskRecord) -> TaskRecord:
    """Commits a record. Returns the committed one: this record, or that of an earlier attempt, which is never overwritten."""
    key = layout.commit(record["step"], record["task"])
    try:
        store.create(key, to_json(record))
        return record
    except Lost:
        # A PUT that is retried because its first answer was lost finds its own record.
        committed: TaskRecord = store.get_json(key)
        return committed


def keep_failed(store: Store, layout: RunLayout, record: TaskRecord) -> None:
    """Writes the record of a failed attempt before it is repeated, unless a record with its number exists."""
    try:
        store.create(layout.failed_attempt(record["step"], record["task"], record["attempt"]), to_json(record))
    except Lost:
        pass


def last_failure(store: Store, layout: RunLayout, step: str, task: str) -> TaskRecord | None:
    """The last failed attempt of a task; None if there is none."""
    prefix = layout.failed_attempts_prefix(step, task)
    last = max((int(key[len(prefix) :]) for key in store.list_stem(prefix)), default=None)
    return None if last is None else store.get_json(layout.failed_attempt(step, task, last))


def attempt_after_failures(store: Store, layout: RunLayout, step: str, task: str) -> int:
    """Number of the attempt that follows the failed ones; 0 if there are none."""
    record = last_failure(store, layout, step, task)
    return 0 if record is None else record["retried"]


def parents_of(inputs: list[TaskRecord]) -> list[str]:
    """Pathspecs (without the flow) of the tasks that a task read."""
    return ["/".join((read["run"], read["step"], read["task"])) for read in inputs[:PARENTS_MAX]]


def is_ours(record: TaskRecord, by: str) -> bool:
    return record["by"] == by


def finish(store: Store, record: TaskRecord, tried: Attempt | None = None) -> list[Future[Any]]:
    """Starts to write Metaflow's files of an attempt, which its stock client reads; see `wait`.

    `tried` has the logs, if this session executed the task. A failed attempt that will be repeated gets only its logs: with
    data, it might be mistaken for the committed one.
    """
    number = number_of_files(record)
    layout, task = RunLayout(record["flow"], record["run"]), (record["step"], record["task"])
    puts: list[tuple[Any, ...]] = [
        (store.put, layout.metaflow_attempt(*task, number), to_json({"time": record["started"] / 1000}))
    ]
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
        flow, run, step, task_taken = source.split("/")
        for stream in record.get("logs", ()):
            theirs = RunLayout(flow, run).metaflow_log(step, task_taken, number, stream)
            puts.append((store.copy, theirs, layout.metaflow_log(*task, number, stream)))
    written = [(stream, getattr(tried, stream, b"")) for stream in STREAMS]
    logs = [(layout.metaflow_log(*task, number, stream), content) for stream, content in written if content]
    if tried is not None and tried.live_log is not None:
        puts.append((_replace, tried.live_log, store, logs))
    else:
        puts += [(store.put, *log) for log in logs]
    return [store.submit(*put) for put in puts]


def _replace(live_log: LiveLog, store: Store, logs: list[tuple[str, bytes]]) -> None:
    for log in logs:
        store.put(*log)
    live_log.remove()


def _tasks(name: str, keys: list[str]) -> set[tuple[str, str]]:
    """`(step, task)` of each key with this template."""
    return {(parts["step"], parts["task"]) for key in keys if (parts := parts_of(name, key))}


def finish_missing(store: Store, layout: RunLayout) -> None:
    """Writes Metaflow's files for committed tasks without any: their session was lost right after the commit."""
    ours, metaflows = store.parallel([(store.list, prefix) for prefix in (layout.tasks_prefix, layout.metaflow_run_prefix)])
    committed, finished = _tasks("commit", ours), _tasks("metaflow_done", metaflows)
    missing = store.parallel([(store.get_json, layout.commit(*task)) for task in sorted(committed - finished)])
    wait([file for record in missing for file in finish(store, record)])


def wait(files: list[Future[Any]]) -> None:
    """Waits until the files are written. An activation must not answer earlier, because its container may then be paused."""
    for file in files:
        file.result()
