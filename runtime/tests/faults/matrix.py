"""Runs a flow with a fault at each call in turn, or with many at random, and reports how each run ended and what was wrong."""

from __future__ import annotations

import os
import random
from collections import Counter
from typing import TYPE_CHECKING, Any

from nuvopipe_runtime.contract.layout import LIVE_PREFIX, RunLayout
from nuvopipe_runtime.execution.artifacts import BlobCache
from nuvopipe_runtime.execution.execute import Executor
from nuvopipe_runtime.plan import Plan

from .checks import NEVER_BEGAN, Seen, wrong
from .platform import CONDITIONAL, HELD, KINDS, READS, FaultyPlatform
from .stub import StubExecutor

if TYPE_CHECKING:
    from collections.abc import Callable


RUN, RESUMED = "r1", "r2"
STARTS_MAX = 5
ANSWER_WITHIN_S = 3
"""Shorter than the time limit of any step."""

SWEEP_EVERY_S = 600
"""Interval of sweeps in runs with many faults: the default of the sweeper's alarm."""

CHILDREN = {"subflow": ["child"], "subflow_slow": ["child_slow"], "subflow_failure": ["child_slow"]}
"""Flows that other flows start as steps."""


class Matrix:
    """One flow in one scenario.

    `run`: every step has a retry. `no retry`: no step has one, so a fault may fail the run, which is then resumed. `resume`:
    the faults hit a run that resumes another. `answered`: the client waits only a moment, so its session hands the run over.
    """

    def __init__(self, folder: str, flow: str, scenario: str = "run", real: bool = False) -> None:
        self.plans = [Plan(os.path.join(folder, name)) for name in [flow, *CHILDREN.get(flow, [])]]
        self.by_name = {plan.flow: plan for plan in self.plans}
        self.flow = self.plans[0].flow
        self.scenario = scenario
        self._real = {plan.flow: Executor(plan) for plan in self.plans} if real else None
        if scenario == "no retry":
            for spec in (spec for plan in self.plans for spec in plan.steps.values()):
                spec.pop("retry", None)
        self.run = RESUMED if scenario == "resume" else RUN
        first, second = self.play(), self.play()
        self.undisturbed, again = Seen(first.store), Seen(second.store)
        self.calls = first.calls[first.begun :]
        self.ignored = self.undisturbed.differences(again)
        assert not wrong(self.by_name, self.undisturbed, again, (self.flow, self.run), self.ignored)

    def close(self) -> None:
        for executor in (self._real or {}).values():
            executor.close()

    def play(
        self, fault: Callable[..., str | None] = lambda *call: None, may_hold: bool = False, **settings: Any
    ) -> FaultyPlatform:
        """Plays a run. `fault` is the number of a call, counted from the start of the run that the scenario tests."""
        world = FaultyPlatform(self.plans, self._executor, may_hold=may_hold, **settings)
        if self.scenario == "resume":
            self._go(world, RUN)
            world.is_repaired = True
        world.begun, world.sweeps = len(world.calls), 0
        world.fault = lambda call, *more: fault(call - world.begun, *more)
        more = {"resume": {"resume": RUN}, "answered": {"wait": ANSWER_WITHIN_S}}.get(self.scenario, {})
        for _ in range(STARTS_MAX):
            self._go(world, self.run, **more)
            if world.store.list(RunLayout(self.flow, self.run).run_prefix):
                break
            # The run was lost before anything was stored, so its client starts it again.
        return world

    def _go(self, world: FaultyPlatform, run: str, **more: Any) -> None:
        world.begin(self.flow, run, **more)
        world.finish(lambda: self._is_over(world, run))

    def _is_over(self, world: FaultyPlatform, run: str) -> Any:
        return world.store.exists(RunLayout(self.flow, run).result) and not world.store.list(LIVE_PREFIX)

    def _executor(self, plan: Plan, world: FaultyPlatform) -> Any:
        if self._real is None:
            return StubExecutor(plan, world)
        self._real[plan.flow].blobs = BlobCache()  # its artifacts are in another store
        return self._real[plan.flow]

    def cases(self) -> Any:
        """Returns `(call, kind)` of each possible fault."""
        kinds = [(call, kind) for call, (operation, _) in enumerate(self.calls) for kind in KINDS[operation]]
        return kinds if self._real is None else [(call, kind) for call, kind in kinds if kind not in HELD]

    def case(self, call: int, kind: str) -> tuple[str, list[str], FaultyPlatform]:
        """Plays a run with one fault. Returns how it ended, what was wrong with it, and its platform."""
        world = self.play(lambda number, *_: kind if number == call else None, kind in HELD)
        ended, found = self.judge(world, is_racy=kind == "raced")
        if sum(world.faults.values()) != 1:
            found.append("the fault did not happen")
        return "lost" if found else ended, found, world

    def judge(self, world: FaultyPlatform, is_racy: bool = False) -> tuple[str, list[str]]:
        seen = Seen(world.store)
        main = self.flow, self.run
        error = seen.results.get(main, {}).get("error", {})
        if error.get("message") == NEVER_BEGAN:
            return "never began", world.problems
        ended = "by itself" if world.sweeps == 0 else "by a sweep"
        if self.scenario == "no retry" and "step" in error:
            world.fault = lambda *call: None
            self._go(world, RESUMED, resume=self.run)
            seen = Seen(world.store, left_out=[main])
            main, ended = (self.flow, RESUMED), "by resume"
        return ended, world.problems + wrong(self.by_name, seen, self.undisturbed, main, self.ignored, is_racy)


class Chaos:
    """Each call fails with the same probability. The S3 client, obstore, repeats most failed requests by itself."""

    OF_S3 = {"fails": 0.04, "unanswered": 0.04, "killed": 0.03, "repeated": 0.1}
    """Shares of S3 faults that reach the runtime; the client repeats the other requests successfully."""

    def __init__(self, seed: int | str) -> None:
        self._random = random.Random(seed)
        self.rate = self._random.uniform(0.05, 0.10)
        self.injected = Counter()

    def __call__(self, call: int, operation: str, key: str) -> Any:
        if call < 0 or self._random.random() >= self.rate:
            return None
        kind = self._of_s3(operation) if operation in (*READS, *CONDITIONAL, "put", "copy", "delete") else None
        if kind is None:
            kind = self._random.choice(KINDS[operation])
        self.injected[kind] += 1
        return None if kind == "sent again" else kind

    def _of_s3(self, operation: str) -> Any:
        chance = self._random.random()
        for kind, part in self.OF_S3.items():
            chance -= part
            if chance < 0:
                return kind if kind in KINDS[operation] else "sent again"
        return "sent again"


class Tally:
    """How many runs ended."""

    def __init__(self) -> None:
        self.ends, self.faults, self.losses = Counter(), Counter(), []

    def add(self, ended: str, found: list[str], faults: Any, case: Any) -> None:
        self.ends["lost" if found else ended] += 1
        self.faults.update(faults)
        if found:
            self.losses.append({"case": case, "wrong": found})


def every_call(matrix: Matrix, every: int, seed: int) -> Tally:
    """Plays all cases, or a sample."""
    cases = matrix.cases()
    random.Random(seed).shuffle(cases)
    return single(matrix, sorted(cases[::every]))


def known(matrix: Matrix, wanted: Any) -> Tally:
    """Plays cases that once failed, by the kind of the fault, the operation and a part of its key."""
    cases = []
    for kind, operation, part in wanted:
        call = next(call for call, (of, key) in enumerate(matrix.calls) if of == operation and part in key)
        cases.append((call, kind))
    return single(matrix, cases)


def single(matrix: Matrix, cases: Any) -> Tally:
    tally = Tally()
    for call, kind in cases:
        ended, found, _ = matrix.case(call, kind)
        tally.add(ended, found, {kind: 1}, [call, kind, *matrix.calls[call]])
    return tally


def chaos(matrix: Matrix, runs: int, seed: int) -> Tally:
    tally = Tally()
    for number in range(runs):
        faults = Chaos(f"{seed}/{number}")
        ended, found = matrix.judge(matrix.play(faults, sweep_every_s=SWEEP_EVERY_S))
        if ended == "never began":
            # The client sees that the run failed, and starts another one.
            found = matrix.judge(matrix.play(faults, sweep_every_s=SWEEP_EVERY_S))[1]
        tally.add(ended, found, faults.injected, [number, faults.rate])
    return tally
