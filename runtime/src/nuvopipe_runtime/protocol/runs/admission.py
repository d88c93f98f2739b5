"""Limits how many runs of a flow execute at once (`runs` of the plan).

A run takes one of the flow's slots before its first step. A slot names its run and is free once that run is over, so nothing
must be returned and no slot is lost with a session. Queued runs write tickets; the first live one is next.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...contract.layout import RunLayout, queue_prefix, slot_key
from ...contract.parse_key import parts_of
from ...plan import conductor_of
from ...store import Lost, create_once, parse_record, to_json
from ..related_runs.launches import invocation

if TYPE_CHECKING:
    from ...context import Context
    from ...contract.formats import Envelope, PlannedRuns
    from ...store import Store
    from ..related_runs.launches import Launches
    from ..sessions.handover import Handover
    from ..timing.run_time import RunTime
    from .ending import Ending

LOOK_FIRST_MS = 1_000
LOOK_MAX_MS = 15_000
LOOK_GROWTH = 8
"""A queued run looks again after an eighth of the time it has waited, within these bounds."""

QUEUE, SKIP, CANCEL = "queue", "skip", "cancel"


class Admission:
    def __init__(
        self,
        context: Context,
        launches: Launches,
        handover: Handover,
        ending: Ending,
        run_time: RunTime,
    ) -> None:
        self._plan = context.plan
        self._store = context.store
        self._layout = context.layout
        self._clock = context.clock
        self._launches = launches
        self._handover = handover
        self._ending = ending
        self._run_time = run_time

    def is_due(self, envelope: Envelope) -> bool:
        """Whether the envelope is about to enter the first step of a flow that limits its runs."""
        return self._plan.runs is not None and envelope.get("step") == self._plan.start and not envelope.get("at")

    def admit(self, envelope: Envelope) -> Envelope | None:
        """Returns None if the run may execute or has no time left; otherwise the envelope that follows instead."""
        if self._run_time.is_over(envelope["step"]):
            return None
        queue = _Queue(self._store, self._layout, self._run_time.created_ms())
        beyond = self._rules["beyond"]
        holders = self._take() if beyond != QUEUE or queue.is_first() else self._holders()
        if holders is None:
            queue.leave()
            return None
        if beyond == SKIP or (beyond == CANCEL and self._is_older(holders)):
            return self._ending.skip(envelope, f"skipped: {_these(holders)} executing")
        if beyond == CANCEL:
            self._cancel(holders)
        if beyond == QUEUE:
            queue.enter()
        return self._wait(envelope, holders)

    @property
    def _rules(self) -> PlannedRuns:
        assert self._plan.runs is not None
        return self._plan.runs

    def _take(self) -> list[str] | None:
        """Takes a slot. Returns None if this run holds one; otherwise the runs that hold all slots."""
        found = [self._store.get(key) for key in self._slots()]
        slots = zip(self._slots(), found, strict=True)
        holders: list[str | None] = [slot and parse_record(key, slot[0])["run"] for key, slot in slots]
        if self._layout.run_id in holders:
            return None
        ours = {"run": self._layout.run_id}
        for key, slot, holder in zip(self._slots(), found, holders, strict=True):
            try:
                if slot is None and create_once(self._store, key, ours):
                    return None
                if slot is not None and holder is not None and self._is_over(holder):
                    self._store.replace(key, to_json(ours), slot[2])
                    return None
            except Lost:
                pass  # another run was faster
        return self._holders()

    def _holders(self) -> list[str]:
        found = self._store.parallel([(self._store.get_json, key) for key in self._slots()])
        return [slot["run"] for slot in found if slot is not None and slot["run"] != self._layout.run_id]

    def _slots(self) -> list[str]:
        return [slot_key(self._plan.flow, index) for index in range(self._rules["atOnce"])]

    def _is_over(self, run: str) -> bool:
        layout = RunLayout(self._plan.flow, run)
        return self._store.exists(layout.result) or not self._store.exists(layout.live)

    def _is_older(self, holders: list[str]) -> bool:
        """Whether a later run already holds a slot: then this run does not continue."""
        created = self._run_time.created_ms()
        records = [self._store.get_json(RunLayout(self._plan.flow, run).run) for run in holders]
        return any(record is not None and record["created"] > created for record in records)

    def _cancel(self, holders: list[str]) -> None:
        for run in holders:
            record = self._store.get_json(RunLayout(self._plan.flow, run).run)
            if record is not None:
                self._launches.also(invocation(conductor_of(self._plan.flow, record["bundle"]), {"cancel": run}))

    def _wait(self, envelope: Envelope, holders: list[str]) -> Envelope:
        now, created = self._clock.now_ms(), self._run_time.created_ms()
        if now - created < LOOK_FIRST_MS * LOOK_GROWTH:
            waiting = {"since": created, "reason": f"{_these(holders)} executing"}
            self._store.put(self._layout.waiting, to_json(waiting))
        pause = min(max((now - created) // LOOK_GROWTH, LOOK_FIRST_MS), LOOK_MAX_MS)
        return self._handover.pause(envelope, self._run_time.within(pause, envelope["step"]))


class _Queue:
    """Tickets of queued runs, ordered by name: the first live run is next."""

    def __init__(self, store: Store, layout: RunLayout, created: int) -> None:
        self._store = store
        self._flow = layout.flow
        self._ours = layout.ticket(created)
        self._tickets: list[str] | None = None

    def is_first(self) -> bool:
        for ticket in self._list():
            if ticket >= self._ours:
                break
            parts = parts_of("ticket", ticket)
            if parts and self._store.exists(RunLayout(self._flow, parts["run"]).live):
                return False
            self._store.delete(ticket)
        return True

    def enter(self) -> None:
        if self._ours not in self._list():
            self._store.put(self._ours, b"{}")

    def leave(self) -> None:
        if self._tickets and self._ours in self._tickets:
            self._store.delete(self._ours)

    def _list(self) -> list[str]:
        if self._tickets is None:
            self._tickets = sorted(self._store.list(queue_prefix(self._flow)))
        return self._tickets


def _these(runs: list[str]) -> str:
    if not runs:
        return "runs that came earlier are"
    return f"{runs[0]} is" if len(runs) == 1 else f"{', '.join(runs)} are"
