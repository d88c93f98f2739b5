"""Runs cases of a flow's tests, each as a run of its own on a simulated platform; or reads a run of a real one."""

import io
import json
import sys
import time
from contextlib import nullcontext
from itertools import compress

from nuvopipe_runtime.contract.layout import RunLayout
from nuvopipe_runtime.contract.protocol import EXACT_PARAMETERS, PARAMETERS_STEP
from nuvopipe_runtime.execution.artifacts import BlobCache
from nuvopipe_runtime.execution.execute import Executor
from nuvopipe_runtime.execution.told_inputs import tell
from nuvopipe_runtime.execution.warm_processes import WarmProcesses
from nuvopipe_runtime.plan import coordinate_of

from .mocks import FAILURES, MockProblem, for_attempt, for_task
from .one_flow import OneFlow

RUN = "test"
"""What a case's run is called, in a store of its own."""

READ_TIMEOUT_S = 60
LOG_MAX_BYTES = 8 << 10
"""Of what a case's tasks wrote; the last of it says why one failed."""


MOCK_PROBLEM = "MockProblem: "
"""How a task tells of one that only it could find."""


class CaseProblem(Exception):
    """A mock of this step cannot do what it says, which no step's `retry` or `catch` may hide."""

    def __init__(self, step, message):
        super().__init__(message)
        self.step = step


class MockingProcesses(WarmProcesses):
    LOADER = "nuvopipe_testing.loader"


class MockingExecutor(Executor):
    """Hands each task its mock."""

    def __init__(self, plan):
        super().__init__(plan, MockingProcesses)

    def warm_up(self, environment):
        """Before the first case, whose time it is not."""
        self._processes.ready_for(None, environment, {}, time.time() + READ_TIMEOUT_S)

    def begin(self, mocks, secrets):
        """Forgets the case before."""
        self._mocks = mocks
        self.secrets = secrets
        self.blobs = BlobCache()  # content-addressed, but of another store

    def mock(self, step, coordinate, attempt):
        """What stands in for an attempt; empty where the step itself is run."""
        scopes = self._plan.steps[step]["within"]
        repeated = [self._plan.pools.get(scope, {}).get("kind") != "branches" for scope in scopes]
        try:
            return for_attempt(for_task(self._mocks.get(step, {}), [*compress(coordinate, repeated)]), attempt)
        except MockProblem as problem:
            raise CaseProblem(step, str(problem)) from None

    def _reason(self, request):
        """What `catch` is told: what the mock says, and not which run has failed with it."""
        mock = self.mock(request["step"], coordinate_of(request["task"]), request["retries"])
        return text_of(mock) if "error" in mock else request["reason"]

    def run(self, store, operation, request, *arguments):
        step = request.get("step")
        if operation == "step" and "reason" in request and "call" in self._plan.steps[step]:
            request = {**request, "reason": self._reason(request)}
        if operation != "step" or "call" in self._plan.steps[step]:
            return super().run(store, operation, request, *arguments)
        mock = self.mock(step, coordinate_of(request["task"]), request["attempt"])
        # What Python says of a failure that was asked for is of no use to anybody.
        with _Captured() if FAILURES & mock.keys() else nullcontext():
            attempt = super().run(store, operation, {**request, "mock": mock}, *arguments)
        if (attempt.error or "").startswith(MOCK_PROBLEM):
            raise CaseProblem(step, attempt.error.removeprefix(MOCK_PROBLEM))
        return attempt


def text_of(mock):
    """How an action, or a flow, fails."""
    return ": ".join(filter(None, [mock["error"], mock.get("message")]))


class Cases:
    """Of one flow; its warm process is started once."""

    def __init__(self, plan, environment):
        self._plan = plan
        self._environment = environment
        self._executor = MockingExecutor(plan)
        named = {name for spec in plan.steps.values() for name in spec.get("secrets", [])}
        self._secrets = {name: f"test-{name}" for name in named}
        """Made up: a test is not to need the real ones."""

    def close(self):
        self._executor.close()

    def run(self, case):
        """How a case went: `CaseOutcome` of `src/flow-tests/test-outcome.ts`."""
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
        # The session that answers need not be the one that ended the run.
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

    def _answer(self, envelope, arguments):
        """What a mock has an action answer."""
        step = envelope["step"]
        mock = self._executor.mock(step, envelope["at"], envelope.get("attempt", 0))
        if not mock:
            raise CaseProblem(step, "is done elsewhere, by OpenWhisk: a simulated run needs a mock of it")
        if "returns" in mock:
            return {"result": mock["returns"]}
        if "timeout" in mock:
            limit = self._plan.steps[step]["timeoutMs"]
            return {"error": f"The action exceeded its time limits of {limit} milliseconds."}
        return {"error": text_of(mock)}

    def _result_of(self, envelope, arguments):
        """What a mock has the run of another flow come to."""
        answer = self._answer(envelope, arguments)
        if "error" in answer:
            return {"status": "failed", "error": {"message": answer["error"]}}
        return {"status": "succeeded", "outputs": answer["result"]}

    def _attempts(self, store):
        """All that were made, of the user's steps and others, in the order in which they began."""
        keys = store.list(RunLayout(self._plan.flow, RUN).run_prefix + "tasks/")
        records = store.parallel([(store.get_json, key) for key in keys])
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

    def read(self, store, run, wanted):
        """Artifacts of a run by step: of each of its tasks in order, `{at, values, unreadable}`."""
        return {step: self._read_step(store, RunLayout(self._plan.flow, run), step, names) for step, names in wanted.items()}

    def _read_step(self, store, layout, step, names):
        keys = [key for key in store.list(layout.step_prefix(step)) if key.endswith("/commit")]
        records = [record for record in store.parallel([(store.get_json, key) for key in keys]) if record["ok"]]
        records.sort(key=lambda record: record["at"])
        if not records:
            return []
        request = {**tell(records), "names": names, "root": store.root, "tags": []}
        environment = {**self._environment, "METAFLOW_DATASTORE_SYSROOT_S3": store.root, "METAFLOW_USER": "tester"}
        deadline = time.time() + READ_TIMEOUT_S
        attempt = self._executor.run(store, "read", request, environment, READ_TIMEOUT_S, deadline)
        if not attempt.ok:
            raise RuntimeError(f"the artifacts of step {step} cannot be read: {attempt.error}")
        found = attempt.result["read"]
        return [{"at": record["at"], **read} for record, read in zip(records, found, strict=True)]


class _Captured:
    """Takes what tasks write while a case runs."""

    def __enter__(self):
        self._stream = io.TextIOWrapper(io.BytesIO(), write_through=True)
        self._before = sys.stdout, sys.stderr
        sys.stdout = sys.stderr = self._stream
        return self

    def __exit__(self, *_):
        sys.stdout, sys.stderr = self._before

    def text(self):
        return self._stream.buffer.getvalue()[-LOG_MAX_BYTES:].decode(errors="replace")
