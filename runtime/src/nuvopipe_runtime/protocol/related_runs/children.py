"""Runs that a run's steps have called: the calling run records them and cancels them when it ends.

A child is recorded before it is started, so none is forgotten. The parent itself writes the marker that cancels a child, so the
child stops, or never begins, even if the platform refuses to invoke its flow at that moment.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import TYPE_CHECKING, Any

from ...contract.layout import RunLayout
from ...store import create_once, to_json
from .launches import invocation

if TYPE_CHECKING:
    from collections.abc import Collection

    from ...context import Context
    from ...contract.formats import ChildRecord
    from .launches import Launches
    from .lineage import Lineage

DIGEST_LENGTH = 16


class Children:
    def __init__(self, context: Context, launches: Launches, lineage: Lineage) -> None:
        self._store = context.store
        self._layout = context.layout
        self._clock = context.clock
        self._by = context.by
        self._launches = launches
        self._lineage = lineage
        self._has_any = any("flow" in spec.get("call", {}) for spec in context.plan.steps.values())

    def keep(self, step: str, task: str, attempt: int, flow: str, run: str, arguments: dict[str, Any]) -> None:
        """Writes the `ChildRecord` of a flow that is about to be called."""
        record = {"flow": flow, "run": run, "given": self._digest(arguments)}
        self._store.put(self._layout.child(step, task, attempt), to_json(record))

    def cancel_all(self, but: Collection[str] = ()) -> None:
        """Cancels the children that have not ended, except those of the steps in `but`."""
        if not self._has_any:
            return
        prefix = self._layout.children_prefix
        keys = [key for key in self._store.list(prefix) if key[len(prefix) :].split("/")[0] not in but]
        children = self._store.parallel([(self._store.get_json, key) for key in keys])
        self._store.parallel([(self.cancel, child["flow"], child["run"]) for child in children])

    def cancel(self, flow: str, run: str) -> None:
        """Cancels a child through its own flow, which then also runs `onFailure` and cancels its own children."""
        layout = RunLayout(flow, run)
        if self._store.exists(layout.result):
            return
        create_once(self._store, layout.cancelled, {"by": self._by, "at": self._clock.now_ms()})
        self._launches.also(invocation(flow, {"cancel": run}))

    def to_resume(self, step: str, task: str, arguments: dict[str, Any]) -> str | None:
        """The run that the step called in this run's origin; None if it called none or its arguments differ."""
        origin = RunLayout(self._layout.flow, self._lineage.origin)
        prefix = origin.task_children_prefix(step, task)
        last = max((int(key[len(prefix) :]) for key in self._store.list(prefix)), default=None)
        child: ChildRecord | None = None if last is None else self._store.get_json(origin.child(step, task, last))
        return child["run"] if child and child["given"] == self._digest(arguments) else None

    def _digest(self, arguments: dict[str, Any]) -> str:
        """A keyed digest of a flow's arguments. It is equal for equal arguments and reveals nothing about them."""
        text = json.dumps(arguments, sort_keys=True).encode()
        return hmac.new(self._store.derive_key("arguments of flows"), text, hashlib.sha256).hexdigest()[:DIGEST_LENGTH]
