"""Executes tasks: makes the request to the step's process and sets its time limit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...contract.protocol import PARAMETERS_TASK
from ...execution.attempt import Attempt
from ...execution.live_log import LiveLog
from ...execution.logs import LogStream
from ...execution.told_inputs import tell
from ...plan import task_id
from . import commit as commits
from . import retries

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ...context import Context
    from ...contract.formats import Envelope, TaskRecord
    from ...execution.request import Request
    from ..container import Container
    from ..related_runs.lineage import Lineage
    from ..timing import TimeLimits
    from ..values.conductor_values import Answer
    from .inputs import Inputs


class TaskRunner:
    def __init__(self, context: Context, container: Container, lineage: Lineage, inputs: Inputs, limits: TimeLimits) -> None:
        self._plan = context.plan
        self._store = context.store
        self._layout = context.layout
        self._clock = context.clock
        self._deadline = context.deadline
        self._run_time = limits.run
        self._retry_time = limits.retries
        self._context = context
        self._executor = container.executor
        self._stop_check = container.stop_check
        self._durations = container.durations
        self._secrets = container.secrets
        self._lineage = lineage
        self._inputs = inputs
        self._environment = context.environment

    def init(self, values: dict[str, Any]) -> Attempt:
        """Executes the task that stores the run's parameters as artifacts."""
        binary = [name for name, spec in self._plan.parameters.items() if spec.get("binary")]
        request: Request = {**self._common(), "task": PARAMETERS_TASK, "parameters": values, "binary": binary}
        limit = self._deadline - self._clock.now()
        return self._executor.run(self._store, "init", request, self._environment, limit, self._deadline)

    def step(self, envelope: Envelope, inputs: list[TaskRecord], attempt: int, answer: Answer | None) -> Attempt:
        """Executes an attempt of a step. `answer` comes from the action or flow that the step calls."""
        step, at = envelope["step"], envelope.get("at", [])
        spec = self._plan.steps[step]
        request: Request = {
            **self._of_step(step, at, inputs),
            "attempt": attempt,
            "retries": retries.times_of(spec),
            "retryOn": spec.get("retry", {}).get("on", []),
            "outputs": self._plan.outputs if step == self._plan.end else [],
        }
        if "joins" in spec:
            request["turns"] = self._plan.turns(step, at)
        if answer is not None:
            request["answer"] = answer["result"]
        retry_ms = self._retry_time.left_ms(envelope)
        if attempt > request["retries"]:
            retry_ms = None
            # Metaflow's fallback for `catch` executes no user code, so it receives the failure to catch.
            failed = commits.last_failure(self._store, self._layout, step, task_id(at))
            request["reason"] = failed["error"] if failed else None
        if "joins" in spec and "minSuccess" in self._plan.pools[spec["joins"]]:
            request["failures"] = list(self._inputs.failures(spec["joins"], at).values())
        tried = self._run("step", request, retry_ms)
        self._durations.add(step, self._layout.run_id, tried.ended - tried.started)
        return tried

    def arguments(self, envelope: Envelope) -> Attempt:
        """Executes the attempt to make the arguments of the action or flow that a step calls."""
        step, at = envelope["step"], envelope.get("at", [])
        through_conductor = "action" in self._plan.steps[step]["call"]
        request: Request = {**self._of_step(step, at, self._inputs.of(envelope)), "throughConductor": through_conductor}
        return self._run("arguments", request)

    def not_tried(self, error: str, kinds: Iterable[str] = ()) -> Attempt:
        """Returns a failed attempt that executed nothing, for example after a lost container or an action's error."""
        log = LogStream()
        log.add_line(error)
        now = self._clock.now()
        return Attempt(False, {}, error, b"", log.content(), now, now, kinds)

    def _common(self) -> Request:
        return {"run": self._layout.run_id, "root": self._store.root, "tags": self._plan.tags}

    def _of_step(self, step: str, at: list[int], inputs: list[TaskRecord]) -> Request:
        request: Request = {
            **self._common(),
            "step": step,
            "task": task_id(at),
            "split": self._plan.split(step, at),
            "timeoutMs": self._plan.steps[step]["timeoutMs"],
            **tell(inputs),
            "secrets": self._secrets.of(self._context),
        }
        if step == self._plan.on_failure:
            request["failure"] = self._store.get_json(self._layout.failed)
        if self._lineage.resumes:
            request["origin"] = self._lineage.origin
        return request

    def _run(
        self,
        operation: str,
        request: Request,
        retry_ms: int | None = None,
    ) -> Attempt:
        step = request["step"]
        is_over = None if step in self._plan.handlers else lambda: self._stop_check.stopped(self._context)
        limit_ms, overdue = self._limit(step, retry_ms)
        limits = (max(1, limit_ms) / 1000, self._deadline)
        live_log = None
        if operation == "step":
            place = (step, request["task"], request["attempt"], self._context.by)
            live_log = LiveLog(self._store, self._layout.log_prefix(*place))
        return self._executor.run(self._store, operation, request, self._environment, *limits, is_over, overdue, live_log)

    def _limit(self, step: str, retry_ms: int | None) -> tuple[int, str | None]:
        """Returns `(time limit of an attempt in milliseconds, error message if it is not the step's own limit)`."""
        limit_ms, overdue = self._plan.steps[step]["timeoutMs"], None
        if retry_ms is not None and retry_ms < limit_ms:
            limit_ms, overdue = retry_ms, self._retry_time.message(step)
        left_ms = self._run_time.within(limit_ms, step)
        return (left_ms, self._run_time.message) if left_ms < limit_ms else (limit_ms, overdue)
