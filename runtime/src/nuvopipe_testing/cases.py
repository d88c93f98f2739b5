"""Runs cases of a flow's tests, each as its own run on a simulated platform; or reads a run of a real platform."""

from __future__ import annotations

import io
import json
import sys
import time
from contextlib import nullcontext
from itertools import compress
from typing import TYPE_CHECKING, Any, TypedDict

from nuvopipe_runtime.contract.layout import RunLayout
from nuvopipe_runtime.contract.protocol import EXACT_PARAMETERS, PARAMETERS_STEP
from nuvopipe_runtime.execution.artifacts import BlobCache
from nuvopipe_runtime.execution.execute import Executor
from nuvopipe_runtime.execution.told_inputs import tell
from nuvopipe_runtime.execution.warm_processes import WarmProcesses
from nuvopipe_runtime.plan import coordinate_of

from .mocks import FAILURES, MockProblem, for_attempt, for_task
from .one_flow import OneFlow

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from nuvopipe_runtime.contract.formats import TaskRecord
    from nuvopipe_runtime.execution.attempt import Attempt
    from nuvopipe_runtime.execution.live_log import LiveLog
    from nuvopipe_runtime.execution.request import Request
    from nuvopipe_runtime.plan import Plan
    from nuvopipe_runtime.store import Store

    from .conductor import JsonObject
    from .mocks import Mock

RUN = "test"
"""The name of a case's run. Each case has its own store."""

READ_TIMEOUT_S = 60
LOG_MAX_BYTES = 8 << 10
"""Maximum output kept of a case's tasks. The end is kept, because it says why a task failed."""


MOCK_PROBLEM = "MockProblem: "
"""Beginning of a task's error if its mock is invalid."""


class Case(TypedDict):
    """A case of a test file."""

    parameters: dict[str, Any]
    mocks: dict[str, Mock]
    """By step."""
    secrets: dict[str, str]
    artifacts: dict[str, list[str]]
    """Names of the artifacts to return, by step."""


class ReadTask(TypedDict):
    """Artifacts of one task."""

    at: list[int]
    values: dict[str, Any]
    unreadable: dict[str, str]


class CaseProblem(Exception):
    """Raised for an invalid mock of a step; `retry` and `catch` of the step do not hide it."""

    def __init__(self, step: str, message: str) -> None:
        super().__init__(message)
        self.step = step


class MockingProcesses(WarmProcesses):
    LOADER = "nuvopipe_testing.loader"


class MockingExecutor(Executor):
    """Executes tasks with their mocks."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan, MockingProcesses)
        self._mocks: Mapping[str, Mock] = {}

    def warm_up(self, environment: dict[str, str]) -> None:
        """Starts a warm process, so that the first case takes no longer than others."""
        self._processes.ready_for(None, environment, {}, time.time() + READ_TIMEOUT_S)

    def begin(self, mocks: Mapping[str, Mock], secrets: dict[str, str]) -> None:
        """Forgets the previous case."""
        self._mocks = mocks
        self.secrets = secrets
        self.blobs = BlobCache()  # its artifacts are in another store

    def mock(self, step: str, coordinate: Sequence[int], attempt: int) -> Mock:
        """The mock of an attempt; empty if the step itself runs."""
        scopes = self._plan.steps[step]["within"]
        pools = self._plan.pools
        repeated = [scope not in pools or pools[scope]["kind"] != "branches" for scope in scopes]
        try:
            return for_attempt(for_task(self._mocks.get(step, {}), [*compress(coordinate, repeated)]), attempt)
        except MockProblem as problem:
            raise CaseProblem(step, str(problem)) from None

    def _reason(self, request: Request) -> str | None:
        """The failure that `catch` keeps: the mock's text, without the run that failed with it."""
        mock = self.mock(request["step"], coordinate_of(request["task"]), request["retries"])
        return text_of(mock) if "error" in mock else request["reason"]

    def run(
        self,
        store: Store,
        operation: str,
        request: Request,
        environment: dict[str, str],
        timeout_s: float,
        deadline: float,
        is_over: Callable[[], bool] | None = None,
        overdue: str | None = None,
        live_log: LiveLog | None = None,
    ) -> Attempt:
        limits = (environment, timeout_s, deadline, is_over, overdue, live_log)
        if operation != "step":
            return super().run(store, operation, request, *limits)
        step = request["step"]
        if "call" in self._plan.steps[step]:
            if "reason" in request:
                request = {**request, "reason": self._reason(request)}
            return super().run(store, operation, request, *limits)
        mock = self.mock(step, coordinate_of(request["task"]), request["attempt"])
        # A failure that the test asked for needs no traceback.
        with _Captured() if FAILURES & mock.keys() else nullcontext():
            attempt = super().run(store, operation, {**request, "mock": mock}, *limits)
        if attempt.error and attempt.error.startswith(MOCK_PROBLEM):
            raise CaseProblem(step, attempt.error.removeprefix(MOCK_PROBLEM))
        return attempt


def text_of(mock: Mock) -> str:
    """The error of a failing action or flow."""
    return ": ".join(filter(None, [mock["error"], mock.get("message")]))


class Cases:
    """The cases of one flow; its warm process is started once."""

    def __init__(self, plan: Plan, environment: dict[str, str]) -> None:
        self._plan = plan
        self._environment = environment
        self._executor = MockingExecutor(plan)
        named = {name for spec in plan.steps.values() for name in spec.get("secrets", [])}
        self._secrets = {name: f"test-{name}" for name in named}
        """Made-up secrets: tests do not need the real ones."""

    def close(self) -> None:
        self._executor.close()

    def run(self, case: Case) -> dict[str, Any]:
        """Returns the outcome of a case: `CaseOutcome` of `src/flow-tests/test-outcome.ts`."""
        self._executor.begin(case["mocks"], self._secrets | case["secrets"])
        platform = OneFlow(self._plan, self._executor)
        platform.environment |= self._environment
        platform.answer = self._answer
        platform.result_of = self._result_of
        self._executor.warm_up(platform.environment)
        started = time.perf_counter()
        try:
            with _Captured() as log:
                result = platform.invoke(run=RUN, **{EXACT_PARAMETERS: json.dumps(case["parameters"])})
        except CaseProblem as problem:
            return {"problem": {"step": problem.step, "message": str(problem)}}
        # Another session than the one that answers may have ended the run.
        result = platform.result(RUN) or result
        outcome = {
            "status": result["status"],
            "error": result.get("error"),
            "attempts": self._attempts(platform.store),
            "log": log.text(),
        }
        outcome["artifacts"] = self.read(platform.store, RUN, case["artifacts"])
        outcome["ms"] = round((time.perf_counter() - started) * 1000, 1)
        return outcome

    def _answer(self, envelope: JsonObject, arguments: JsonObject) -> JsonObject:
        """Returns the answer of an action, from its mock."""
        step = envelope["step"]
        mock = self._executor.mock(step, envelope["at"], envelope.get("attempt", 0))
        if not mock:
            raise CaseProblem(step, "runs outside of the flow: a simulated run needs a mock of it")
        if "returns" in mock:
            return {"result": mock["returns"]}
        if "timeout" in mock:
            limit = self._plan.steps[step]["timeoutMs"]
            return {"error": f"The action exceeded its time limits of {limit} milliseconds."}
        return {"error": text_of(mock)}

    def _result_of(self, envelope: JsonObject, arguments: JsonObject) -> JsonObject:
        """Returns the result of another flow's run, from its mock."""
        answer = self._answer(envelope, arguments)
        if "error" in answer:
            return {"status": "failed", "error": {"message": answer["error"]}}
        return {"status": "succeeded", "outputs": answer["result"]}

    def _attempts(self, store: Store) -> list[dict[str, Any]]:
        """Returns all attempts, including those of synthetic steps, in the order in which they began."""
        keys = store.list(RunLayout(self._plan.flow, RUN).run_prefix + "tasks/")
        records: list[TaskRecord] = store.parallel([(store.get_json, key) for key in keys])
        records.sort(key=lambda record: (record["started"], record["at"], record["attempt"]))
        return [
            {
                "step": record["step"],
                "at": record["at"],
                "attempt": record["attempt"],
                "ok": record["ok"],
                "error": record.get("error"),
                "ms": record["ended"] - record["started"],
            }
            for record in records
            if record["step"] != PARAMETERS_STEP
        ]

    def read(self, store: Store, run: str, wanted: Mapping[str, list[str]]) -> dict[str, list[ReadTask]]:
        """Returns a run's artifacts by step, one entry per task, in order."""
        return {step: self._read_step(store, RunLayout(self._plan.flow, run), step, names) for step, names in wanted.items()}

    def _read_step(self, store: Store, layout: RunLayout, step: str, names: list[str]) -> list[ReadTask]:
        keys = [key for key in store.list(layout.step_prefix(step)) if key.endswith("/commit")]
        found: list[TaskRecord] = store.parallel([(store.get_json, key) for key in keys])
        records = sorted((record for record in found if record["ok"]), key=lambda record: record["at"])
        if not records:
            return []
        told = tell(records)
        request: Request = {
            "inputs": told["inputs"],
            "descriptions": told["descriptions"],
            "names": names,
            "root": store.root,
            "tags": [],
        }
        environment = {**self._environment, "METAFLOW_DATASTORE_SYSROOT_S3": store.root, "METAFLOW_USER": "tester"}
        deadline = time.time() + READ_TIMEOUT_S
        attempt = self._executor.run(store, "read", request, environment, READ_TIMEOUT_S, deadline)
        if not attempt.ok:
            raise RuntimeError(f"the artifacts of step {step} cannot be read: {attempt.error}")
        reads = zip(records, attempt.result["read"], strict=True)
        return [{"at": record["at"], "values": read["values"], "unreadable": read["unreadable"]} for record, read in reads]


class _Captured:
    """Captures what tasks write while a case runs."""

    def __init__(self) -> None:
        self._written = io.BytesIO()

    def __enter__(self) -> _Captured:
        self._before = sys.stdout, sys.stderr
        self._stream = io.TextIOWrapper(self._written, write_through=True)
        sys.stdout = sys.stderr = self._stream
        return self

    def __exit__(self, *_: object) -> None:
        sys.stdout, sys.stderr = self._before

    def text(self) -> str:
        return self._written.getvalue()[-LOG_MAX_BYTES:].decode(errors="replace")
