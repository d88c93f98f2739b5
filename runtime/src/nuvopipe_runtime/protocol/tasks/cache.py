"""`cache: true`: a step with the code, inputs and environment of an earlier task reuses that task's artifacts.

A `CacheEntry` contains the task's record, so that it stays valid when the run that it came from is deleted. The artifacts stay
where they are: Metaflow addresses them by content.
"""

from __future__ import annotations

import hashlib
import hmac
import sys
from typing import TYPE_CHECKING, Any, cast

from ...contract.layout import cache_entry_key
from ...contract.protocol import CACHE_INPUTS_MAX, CACHE_PART_LENGTH
from ...execution.storage_keys import key_of
from ...plan import task_id
from ...store import to_json
from ..related_runs.lineage import pathspec, taken_over
from .commit import parents_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from concurrent.futures import Future

    from ...context import Context
    from ...contract.formats import CacheEntry, CacheFacts, CacheParts, PlannedStep, TaskRecord
    from ..container import Container

IGNORED = frozenset(
    [
        "_catch_exception",
        "_configs_processed",
        "_current_step",
        "_exception",
        "_foreach_num_splits",
        "_foreach_values",
        "_foreach_var",
        "_graph_info",
        "_success",
        "_task_ok",
        "_transition",
        "name",
    ]
)
"""Metaflow's internal artifacts, which no step reads; some change with any other step of the flow."""

STACKS = ("_foreach_stack", "_iteration_stack")

USED_AGAIN_MS = 86_400_000
"""A used entry is rewritten at most once a day, for `nuvopipe prune`."""


class Cache:
    def __init__(self, context: Context, container: Container) -> None:
        self._store = context.store
        self._layout = context.layout
        self._plan = context.plan
        self._clock = context.clock
        self._by = context.by
        self._context = context
        self._parameters = container.secrets
        self._executor = container.executor

    def facts(self, step: str, at: list[int], inputs: list[TaskRecord]) -> CacheFacts:
        """The cache key of a task, and the parts it is made of."""
        spec = self._plan.steps[step]
        joins = "joins" in spec
        parts = {
            "code": spec["cache"]["code"],
            "environment": _digest([spec["cache"]["environment"], self._context.layer, *sys.version_info[:2]]),
            "place": _digest(
                [
                    self._plan.split(step, at),
                    self._plan.turns(step, at) if joins else {},
                    [[joins and read["step"], *map(read["objects"].get, STACKS)] for read in inputs],
                ]
            ),
        }
        secrets = self._secrets(spec)
        if secrets:
            secret = self._store.derive_key(f"cache of {self._plan.flow}")
            parts["secrets"] = hmac.digest(secret, to_json(sorted(secrets.items())), "sha256").hex()
        named = _by_name(inputs)
        key = _digest([sorted(parts.items()), sorted(named.items())])
        short: dict[str, Any] = {name: digest[:CACHE_PART_LENGTH] for name, digest in parts.items()}
        return {"key": key, "hit": False, "parts": cast("CacheParts", {**short, "inputs": _bounded(named)})}

    def find(self, step: str, at: list[int], inputs: list[TaskRecord], facts_of_run: dict[str, str]) -> TaskRecord | None:
        """The record that a task takes over from an earlier one with the same key; None if it must be executed.

        Metaflow expects an origin only in resumed runs; `facts_of_run` is the metadata that marks these.
        """
        facts = self.facts(step, at, inputs)
        entry_key = self._key(step, facts)
        entry: CacheEntry | None = self._store.find_json(entry_key, "record", "used")
        if entry is None or not self._is_whole(entry["record"], inputs):
            return None
        found, now = entry["record"], self._clock.now_ms()
        if now - entry["used"] > USED_AGAIN_MS:
            self._store.put(entry_key, to_json({**entry, "used": now}))
        before = inputs[0]
        return {
            **taken_over(found, self._layout, self._by, facts_of_run),
            "task": task_id(at),
            "at": list(at),
            "started": now,
            "ended": now,
            "parents": parents_of(inputs),
            # The flow's graph may have changed since.
            "objects": found["objects"] | _only(before["objects"], "_graph_info"),
            "info": found["info"] | _only(before["info"], "_graph_info"),
            "cached": pathspec(found),
            "cache": {**facts, "hit": True},
        }

    def keep(self, record: TaskRecord, inputs: list[TaskRecord]) -> list[Future[Any]]:
        """Starts to write the cache entry of an executed task, unless it failed or its failure was caught."""
        caught = record["objects"].get("_catch_exception")
        if not record["ok"] or caught not in [None, *(read["objects"].get("_catch_exception") for read in inputs)]:
            return []
        entry = {"version": 1, "used": self._clock.now_ms(), "record": record}
        return [self._store.submit(self._store.put, self._key(record["step"], record["cache"]), to_json(entry))]

    def _key(self, step: str, facts: CacheFacts) -> str:
        return cache_entry_key(self._plan.flow, step, facts["key"])

    def _secrets(self, spec: PlannedStep) -> dict[str, Any]:
        """Secrets that a step can read: the run's secret parameters, and the flow's secrets that it names."""
        given = {f"parameter {name}": value for name, value in self._parameters.of(self._context).items()}
        return given | {f"secret {name}": self._executor.secrets.get(name) for name in spec.get("secrets", [])}

    def _is_whole(self, record: TaskRecord, inputs: list[TaskRecord]) -> bool:
        """Whether the artifacts still exist: the bucket may have a lifecycle rule that deletes them."""
        there = {sha for read in inputs for sha in read["objects"].values()}
        wanted = sorted(set(record["objects"].values()) - there)
        return all(self._store.parallel([(self._store.exists, key_of(self._plan.flow, sha)) for sha in wanted]))


def _by_name(inputs: list[TaskRecord]) -> dict[str, str]:
    """One digest per artifact: of its content, or of all contents if the inputs differ."""
    found: dict[str, list[tuple[int, str]]] = {}
    for index, read in enumerate(inputs):
        for name, sha in read["objects"].items():
            if name not in IGNORED and name not in STACKS:
                found.setdefault(name, []).append((index, sha))
    return {name: _digest(_as_one(contents, len(inputs))) for name, contents in found.items()}


def _as_one(contents: list[tuple[int, str]], inputs: int) -> list[Any]:
    different = {sha for _, sha in contents}
    return [*different] if len(different) == 1 and len(contents) == inputs else contents


def _only(mapping: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {name: mapping[name]} if name in mapping else {}


def _bounded(named: dict[str, str]) -> dict[str, str]:
    names = sorted(named)
    kept = {name: named[name][:CACHE_PART_LENGTH] for name in names[:CACHE_INPUTS_MAX]}
    rest = [[name, named[name]] for name in names[CACHE_INPUTS_MAX:]]
    return kept | ({"…": _digest(rest)[:CACHE_PART_LENGTH]} if rest else {})


def _digest(value: Any) -> str:
    return hashlib.sha256(to_json(value)).hexdigest()
