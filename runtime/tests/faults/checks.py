"""Checks a run with faults against the same run without faults."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from nuvopipe_runtime.contract.layout import LIVE_PREFIX, RunLayout
from nuvopipe_runtime.contract.parse_key import parse_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from nuvopipe_runtime.plan import Plan
    from nuvopipe_runtime.store import Store
    from nuvopipe_testing.asked_store import AskedStore


NEVER_BEGAN = "the run was lost before its parameters were kept: start it again"
"""The error of a swept run if its parameters were lost."""

CAUGHT = {"problem", "_catch_exception"}
"""Artifacts of Metaflow's `@catch` with the last failure, which may be the fault. The flow has `catch: problem`."""


class Seen:
    """The stored state of all runs, by `(flow, run)`, except for those in `left_out`."""

    def __init__(self, store: AskedStore | Store, left_out: Iterable[tuple[str, str]] = ()) -> None:
        keys = [key for key in store.list("") if not any(f"{flow}/{run}/" in key for flow, run in left_out)]
        parsed = [found for key in keys if (found := parse_key(key))]
        find = lambda *names: [tuple(parts.values()) for name, parts in parsed if name in names]  # noqa: E731
        self.runs = set(find("run", "result"))
        results = {run: store.get_json(RunLayout(*run).result) for run in self.runs}
        self.results = {run: result for run, result in results.items() if result}
        self.tasks = {task: store.get_json(RunLayout(*task[:2]).commit(*task[2:])) for task in find("commit")}
        self.joins = find("pool_join")
        self.done = {}
        for *task, attempt in find("metaflow_done"):
            self.done.setdefault(tuple(task), set()).add(int(attempt))
        self.live = [key for key in keys if key.startswith(LIVE_PREFIX)]

    def made(self, run: tuple[str, ...], ignored: Iterable[tuple[str, str]]) -> dict[Any, Any]:
        """Returns the artifacts and the decision of each task of a run."""
        return {task[2:]: _made(task, record, ignored) for task, record in self.tasks.items() if task[:2] == run}

    def differences(self, other: Seen) -> set[Any]:
        """Returns `(step, artifact)` of artifacts that differ even between runs without faults."""
        return {
            (task[2], name)
            for task, record in self.tasks.items()
            for name, sha in record["objects"].items()
            if other.tasks[task]["objects"].get(name) != sha
        }


def _made(task: tuple[str, ...], record: dict[str, Any], ignored: Iterable[tuple[str, str]]) -> Any:
    made = {name: record.get(name) for name in ("ok", "splits", "chose", "outputs")}
    # A task that always fails may fail because of the fault, and then stores nothing.
    objects = record["objects"].items() if record["ok"] else ()
    return made | {"objects": {name: sha for name, sha in objects if name not in CAUGHT and (task[2], name) not in ignored}}


def wrong(
    plans: Mapping[str, Plan],
    seen: Seen,
    undisturbed: Seen,
    main: tuple[str, str],
    ignored: Iterable[tuple[str, str]] = (),
    is_racy: bool = False,
) -> list[str]:
    """Describes everything that is wrong. `ignored`: artifacts that differ even between runs without faults.

    On a racy store, two attempts of a task may both learn that they are committed. There is one record, but Metaflow's files
    may exist for both.
    """
    found = [f"{key} is still there" for key in seen.live]
    found += [f"{flow}/{run} has no result" for flow, run in seen.runs | {main} if (flow, run) not in seen.results]
    for run, result in seen.results.items():
        if run[0] != main[0] and result["status"] != "succeeded":
            continue  # a called run: the step's next attempt has started another one, or the parent has failed
        like = _like(undisturbed, run)
        if run[0] != main[0] and like and undisturbed.results[like]["status"] == "cancelled":
            continue  # it is cancelled with its parent unless it ended before
        found += _compare(seen, undisturbed, run, like, ignored) if like else [f"unexpected run {run}"]
    for task, record in seen.tasks.items():
        attempts, wanted = seen.done.get(task, set()), {record["attempt"]} if record["objects"] else set()
        if attempts != wanted and not (is_racy and attempts >= wanted):
            found.append(f"{'/'.join(task)}: DONE of attempts {sorted(attempts)}, committed is {sorted(wanted)}")
    found += [f"{'/'.join(task)} is DONE, and not committed" for task in seen.done.keys() - seen.tasks.keys()]
    for flow, run, opener, task in seen.joins:
        join = flow, run, plans[flow].pools[opener]["join"], task
        if seen.results.get((flow, run), {}).get("status") == "succeeded" and join not in seen.tasks:
            found.append(f"{'/'.join(join)} was claimed, and is not committed")
    return found


def _like(undisturbed: Seen, run: tuple[str, ...]) -> tuple[str, ...] | None:
    """The run to compare with: the one of the same name, or for a called flow the run of the first attempt."""
    flow, name = run
    if run in undisturbed.results:
        return run
    same_flow = [like for like in undisturbed.results if like[0] == flow]
    return next((like for like in same_flow if re.fullmatch(re.escape(_tail(like[1])) + r"(-\d+)?", _tail(name))), None)


def _tail(run: str) -> str:
    """The name of a run without that of the run that its client started."""
    return run.partition("-")[2]


def _compare(
    seen: Seen, undisturbed: Seen, run: tuple[str, ...], like: tuple[str, ...], ignored: Iterable[tuple[str, str]]
) -> list[str]:
    result, wanted = _without_texts(seen.results[run]), _without_texts(undisturbed.results[like])
    if result != wanted:
        return [f"{'/'.join(run)} has the result {json.dumps(seen.results[run])}, wanted {json.dumps(wanted)}"]
    made, wanted = seen.made(run, ignored), undisturbed.made(like, ignored)
    # How far the other lanes of a failed run get is random.
    tasks = made.keys() & wanted.keys() if result["status"] == "failed" else made.keys() | wanted.keys()
    return [
        f"{run[1]}/{'/'.join(task)}: {json.dumps(made.get(task))}, wanted {json.dumps(wanted.get(task))}"
        for task in sorted(tasks)
        if made.get(task) != wanted.get(task)
    ]


def _without_texts(result: dict[str, Any]) -> Any:
    """Leaves out error texts, because a step that always fails may fail because of the fault."""
    kept = {key: value for key, value in result.items() if key not in ("run", "error")}
    return kept | ({"failed": result["error"].get("step")} if "error" in result else {})
