"""`plan.json`, as the compiler wrote it: `Plan` of `contract/formats.py`."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from .contract.protocol import PARAMETERS_STEP, PARAMETERS_TASK, PLAN_VERSION, VERSION_LENGTH
from .contract.versions import check_version

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from .contract.formats import Plan as PlanFile


class Plan:
    """A compiled flow. `directory` holds `flow.py`, `plan.json`, the flow file and the user's code."""

    def __init__(self, directory: str) -> None:
        self.directory = directory
        self.raw = _read_plan(directory)
        self.hash = self.raw["hash"]
        self.flow = self.raw["flow"]
        self.start = self.raw["start"]
        self.end = self.raw["end"]
        self.parameters = self.raw["parameters"]
        self.outputs = self.raw["outputs"]
        self.tags = self.raw["tags"]
        self.steps = self.raw["steps"]
        self.profiles = self.raw["profiles"]
        self.pools = self.raw["pools"]
        self.loops = self.raw["loops"]
        self.on_failure = self.raw.get("onFailure")
        self.timeout_ms = self.raw.get("timeoutMs")
        self.runs = self.raw.get("runs")
        self.is_sequence = self.raw.get("isSequence", False)
        self.handlers = set(self._chain(self.on_failure)) if self.on_failure else set()
        self._before = self._only_predecessors()

    def _chain(self, step: str) -> Iterator[str]:
        while True:
            yield step
            following = self.steps[step]["next"]
            if "step" not in following:
                return
            step = following["step"]

    def _only_predecessors(self) -> dict[str, str]:
        """The preceding step, for steps with a single predecessor in the same scopes."""
        before: dict[str, list[str]] = {}
        for name in self.steps:
            for step in self._led_to(name):
                before.setdefault(step, []).append(name)
        return {
            step: names[0]
            for step, names in before.items()
            if len(names) == 1 and self.steps[names[0]]["within"] == self.steps[step]["within"]
        }

    def _led_to(self, step: str) -> list[str]:
        """Next steps in the same session: one, or the options of a decision."""
        following = self.steps[step]["next"]
        if "choose" in following:
            return following["choose"]
        return [following["step"]] if "step" in following else []

    def block(self, step: str) -> str:
        return self.steps[step]["block"]

    def profile(self, step: str) -> str:
        return self.steps[step]["profile"]

    def environment(self, step: str, secrets: Mapping[str, str], lacks_none: bool = True) -> dict[str, str]:
        """Variables of this step alone: its `vars` and the secrets that it names. Raises RuntimeError if one is missing."""
        spec = self.steps[step]
        names = spec.get("secrets", [])
        missing = [name for name in names if name not in secrets]
        if missing and lacks_none:
            raise RuntimeError(f"step {step} lacks {', '.join(missing)}: deploy the flow again, with its secrets")
        return {**spec.get("vars", {}), **{name: secrets[name] for name in names if name in secrets}}

    def first(self, opener: str, item: int) -> str:
        """First step of an item, in a foreach or a branch."""
        pool = self.pools[opener]
        return pool["first"][item if pool["kind"] == "branches" else 0]

    def last(self, opener: str, item: int) -> str:
        pool = self.pools[opener]
        return pool["last"][item if pool["kind"] == "branches" else 0]

    def pool_depth(self, step: str) -> int | None:
        """Index in `within` and `at` of the innermost pool around a step; None outside of pools."""
        within = self.steps[step]["within"]
        return next((depth for depth in reversed(range(len(within))) if within[depth] in self.pools), None)

    def collecting_depth(self, step: str) -> int | None:
        """Index of the innermost foreach that collects failures, likewise; None without one."""
        within = self.steps[step]["within"] if step in self.steps else []  # the task `_parameters` can fail too
        collecting = [depth for depth, scope in enumerate(within) if "minSuccess" in self.pools.get(scope, {})]
        return collecting[-1] if collecting else None

    def turns(self, step: str, at: list[int]) -> dict[str, int]:
        """Completed turns of the bounded loops around a step, by loop, as `flow.py` keeps them."""
        scopes = zip(self.steps[step]["within"], at, strict=True)
        return {scope: turn for scope, turn in scopes if turn and "max" in self.loops.get(scope, {})}

    def coordinate(self, step: str, at: list[int], following: str) -> list[int]:
        """Coordinate of `following` after `step` at `at`: a loop starts at turn 0 or begins its next turn."""
        within, target = self.steps[step]["within"], self.steps[following]["within"]
        found: list[int] = []
        for depth, scope in enumerate(target):
            if depth < len(within) and within[depth] == scope:
                found.append(at[depth])
                if scope in self.loops and self.loops[scope]["first"] == following:
                    # Inside a loop, only the end of a turn leads to its first step.
                    found[-1] += 1
                    return found + [0] * (len(target) - len(found))
            else:
                found.append(0)
        return found

    def pause_ms(self, step: str, following: str) -> int:
        """Pause between `step` and `following` if that begins another turn of a loop around both, otherwise 0."""
        within = self.steps[step]["within"]
        loops = (self.loops[scope] for scope in self.steps[following]["within"] if scope in self.loops and scope in within)
        return next((loop.get("pauseMs", 0) for loop in loops if loop["first"] == following), 0)

    def split(self, step: str, at: list[int]) -> int | None:
        """Index of the foreach item that a step begins; None if it begins none."""
        within = self.steps[step]["within"]
        pool = self.pools.get(within[-1]) if within else None
        return at[-1] if pool and pool["kind"] == "foreach" and step in pool["first"] else None

    def has_one_predecessor(self, step: str) -> bool:
        """Whether the plan alone determines the preceding task."""
        return step in self._before

    def inputs(
        self, step: str, at: list[int], before: tuple[str, list[int]] | None, items: Callable[[str, list[int]], Iterable[int]]
    ) -> list[tuple[str, str]]:
        """Returns `(step, task)` of the tasks that a task reads.

        `before` is `(step, at)` of the preceding task, needed if the plan does not determine it; `items(opener, at)` returns
        the items of a pool that are done.
        """
        spec = self.steps[step]
        if step in (self.start, self.on_failure):
            return [(PARAMETERS_STEP, PARAMETERS_TASK)]
        if spec.get("joins"):
            opener = spec["joins"]
            return [(self.last(opener, item), task_id([*at, item])) for item in items(opener, at)]
        within = spec["within"]
        if within and within[-1] in self.pools and step in self.pools[within[-1]]["first"]:
            return [(within[-1], task_id(at[:-1]))]
        if step in self._before:
            return [(self._before[step], task_id(at))]
        if before is None:
            raise ValueError(f"the plan does not determine which task comes before {step}")
        return [(before[0], task_id(before[1]))]


def _read_plan(directory: str) -> PlanFile:
    with open(os.path.join(directory, "plan.json"), "rb") as file:
        plan: PlanFile = json.load(file)
    check_version("plan.json", plan, PLAN_VERSION)
    return plan


def version_of(bundle: str) -> str:
    """Version of the flow that a run belongs to; `bundle` is the hash in its record."""
    return bundle[:VERSION_LENGTH]


def conductor_of(flow: str, bundle: str) -> str:
    """Conductor action of one version of a flow. Runs only enter their own version, even if another one is deployed."""
    return f"{flow}.steps/flow-{version_of(bundle)}"


def task_id(at: Iterable[int]) -> str:
    """Task ID of a coordinate: `t`, or `t-3-0` for item (or turn) 0 in item 3 of the outer scope."""
    return "-".join(["t", *map(str, at)])


def coordinate_of(task: str) -> list[int]:
    """Coordinate of a task ID."""
    return [int(index) for index in task.split("-")[1:]]
