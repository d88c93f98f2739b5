"""Resumed runs: a task is taken over from the origin if no task before it was executed again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...contract.layout import RunLayout
from ...contract.protocol import PARAMETERS_STEP, PARAMETERS_TASK, UNKNOWN_STEP, VALUE_SHOWN_MAX_LENGTH
from ...contract.versions import OtherVersion
from ..values.parameters import BadParameters, is_run_name

if TYPE_CHECKING:
    from ...context import Context
    from ...contract.formats import Envelope, Metadatum, RunOrigin, TaskRecord

ORIGIN = ("origin-run-id", "origin-task-id")
"""Fields in which Metaflow's own resumed runs name the original run and task."""


STEPS_SHOWN_MAX = 20


class UnknownStep(BadParameters):
    """Raised when a run is to be resumed from a step that the flow does not have."""

    code = UNKNOWN_STEP

    def __init__(self, step: str, steps: list[str]) -> None:
        shown = ", ".join(steps[:STEPS_SHOWN_MAX]) + (", …" if len(steps) > STEPS_SHOWN_MAX else "")
        super().__init__(f'the flow has no step "{step[:VALUE_SHOWN_MAX_LENGTH]}" to resume from; its steps are {shown}')


class Lineage:
    """The origin of a run: unset until `follow` names it."""

    def __init__(self, context: Context) -> None:
        self._store = context.store
        self._layout = context.layout
        self._plan = context.plan
        self._by = context.by
        self.follow(None)

    def follow(self, origin: list[str] | None) -> None:
        """Sets the origin: `[run]`, or `[run, step]` to execute again from a step; None if the run resumes no other."""
        self._words = origin
        self._from = origin[1] if origin and len(origin) > 1 else None
        self._origin = RunLayout(self._plan.flow, origin[0]) if origin else None

    def mark(self, envelope: Envelope) -> Envelope:
        """Adds the origin to an envelope: every envelope of a resumed run names it."""
        return {**envelope, "origin": self._words} if self._words else envelope

    @property
    def resumes(self) -> bool:
        """Whether this run resumes another."""
        return self._origin is not None

    def is_from(self, step: str) -> bool:
        """Whether everything from this step on is executed again."""
        return step == self._from

    @property
    def origin(self) -> str:
        """Name of the run that this one resumes."""
        return self._resumed.run_id

    @property
    def _resumed(self) -> RunLayout:
        assert self._origin is not None
        return self._origin

    def check(self, given: dict[str, Any]) -> None:
        """Raises `BadParameters` if the origin cannot be resumed."""
        run = self.origin
        if given:
            raise BadParameters(f"a resumed run has the parameters of its origin: leave out {', '.join(sorted(given))}")
        if not is_run_name(run) or not self._store.exists(self._resumed.commit(PARAMETERS_STEP, PARAMETERS_TASK)):
            raise BadParameters(f"there is no run {run[:VALUE_SHOWN_MAX_LENGTH]} of {self._plan.flow} to resume")
        if "refused" in (self._record_of_origin() or {}):
            raise BadParameters(f"the run {run} was rejected because of its parameters: start it again with other parameters")
        if not self._store.exists(self._resumed.result):
            raise BadParameters(f"the run {run} has not ended: cancel it first, or wait for it")
        if self._from is not None and self._from not in self._plan.steps:
            raise UnknownStep(self._from, [step for step, spec in self._plan.steps.items() if not spec.get("made")])

    def _record_of_origin(self) -> Any:
        try:
            return self._store.get_json(self._resumed.run)
        except OtherVersion as error:
            raise BadParameters(f"{error}: deploy the flow with the nuvopipe that the run was started with") from error

    @property
    def record(self) -> RunOrigin:
        """`origin` of `run.json`."""
        return {"run": self.origin, "from": self._from} if self._from else {"run": self.origin}

    @property
    def facts(self) -> dict[str, str]:
        """Metadata that Metaflow's client finds at each task of a resumed run."""
        return {ORIGIN[0]: self.origin} if self._origin else {}

    @property
    def redoes(self) -> bool:
        """Whether everything from some step on is executed again."""
        return self._from is not None

    def parameters(self) -> TaskRecord:
        """The origin's parameters, as this run's own record."""
        return self._as_ours(self._store.get_json(self._resumed.commit(PARAMETERS_STEP, PARAMETERS_TASK)))

    def find(self, step: str, task: str, inputs: list[TaskRecord]) -> TaskRecord | None:
        """The record that a task takes over from the origin; None if it must be executed."""
        if self._origin is None or step == self._from or step in self._plan.handlers:
            return None
        if not all("origin" in record for record in inputs):
            return None
        found: TaskRecord | None = self._store.get_json(self._origin.commit(step, task))
        if found is None or not found["ok"] or not self._fits(found):
            return None
        return self._as_ours(found)

    def _fits(self, record: TaskRecord) -> bool:
        """Whether the current flow has the steps to which the task led."""
        following = self._plan.steps[record["step"]]["next"]
        if "choose" in following:
            return record.get("chose") in following["choose"]
        if "open" in following and self._plan.pools[following["open"]]["kind"] == "foreach":
            return record.get("splits") is not None
        return True

    def _as_ours(self, record: TaskRecord) -> TaskRecord:
        origin = record.get("origin") or pathspec(record)
        parents = ["/".join((self._layout.run_id, *parent.split("/")[1:])) for parent in record["parents"]]
        _, run, _, task = origin.split("/")
        ours = taken_over(record, self._layout, self._by, dict(zip(ORIGIN, (run, task), strict=True)))
        return {**ours, "origin": origin, "parents": parents}


def taken_over(record: TaskRecord, layout: RunLayout, by: str, facts: dict[str, str]) -> TaskRecord:
    """Returns a record adapted to another run; `facts` become its metadata about the origin."""
    kept = [datum for datum in record["metadata"] if datum["field_name"] not in ORIGIN]
    tags = [f"attempt_id:{record['attempt']}"]
    more: list[Metadatum] = [
        {"field_name": name, "value": value, "type": name, "tags": tags, "ts_epoch": record["ended"]}
        for name, value in facts.items()
    ]
    return {**record, "run": layout.run_id, "by": by, "metadata": kept + more}


def pathspec(record: TaskRecord) -> str:
    return "/".join((record["flow"], record["run"], record["step"], record["task"]))
