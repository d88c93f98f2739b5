"""Simulates tasks, so that thousands of runs take only minutes. Their artifacts are derived from their inputs.

They read and write artifacts as real tasks do. The name of a step decides how it fails: `flaky` in its first attempt, `ill` in
all attempts, `broken_<n>` for item n.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from obstore.exceptions import BaseError

from nuvopipe_runtime.contract.layout import RunLayout
from nuvopipe_runtime.contract.protocol import CRASH
from nuvopipe_runtime.execution.attempt import Attempt
from nuvopipe_runtime.execution.storage_keys import key_of
from nuvopipe_runtime.plan import coordinate_of
from nuvopipe_runtime.store import explain, to_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from nuvopipe_runtime.execution.live_log import LiveLog
    from nuvopipe_runtime.plan import Plan

    from .platform import FaultyPlatform


ITEMS_OUTER, ITEMS_INNER = 3, 2
TURNS = {"LongCrash": 60}
TURNS_DEFAULT = 2


class StubExecutor:
    def __init__(self, plan: Plan, world: FaultyPlatform) -> None:
        self._plan = plan
        self._world = world

    def run(
        self,
        store: Any,
        operation: str,
        request: dict[str, Any],
        environment: dict[str, str],
        timeout_s: float,
        deadline: float,
        is_over: Callable[[], bool] | None = None,
        overdue: str | None = None,
        live_log: LiveLog | None = None,
    ) -> Attempt:
        started = self._world.clock.now()
        self._world.clock.sleep(0.05)
        try:
            ok, result, error, kinds = getattr(self, "_" + operation)(store, request)
        except BaseError as failure:
            ok, result, error, kinds = False, {}, f"the step's artifacts could not be stored: {explain(failure)}", [CRASH]
        log = f"{request.get('step')} {request.get('attempt')}\n".encode()
        return Attempt(ok, result, error, log, b"", started, self._world.clock.now(), kinds)

    def _init(self, store: Any, request: dict[str, Any]) -> tuple[bool, dict[str, Any], None, list[Any]]:
        return True, self._make(store, sorted(request["parameters"].items())), None, []

    def _arguments(self, store: Any, request: dict[str, Any]) -> tuple[bool, dict[str, Any], None, list[Any]]:
        self._read(store, request)
        return True, {"arguments": {"number": sum(coordinate_of(request["task"]))}}, None, []

    def _step(self, store: Any, request: dict[str, Any]) -> tuple[Any, ...]:
        step, at, attempt = request["step"], coordinate_of(request["task"]), request["attempt"]
        if self._world.store.exists(RunLayout(self._plan.flow, request["run"]).commit(step, request["task"])):
            self._world.executed_again.append(request["task"])
        inputs = self._read(store, request)
        catches = self._plan.steps[step].get("catches") and attempt >= request["retries"]
        if self._fails(step, at, attempt) and not catches:
            return False, self._make(store, "failed", step, at), "ValueError: as it should", ["ValueError"]
        answer = request.get("answer")
        failures = [*request.get("failures", []), request.get("failure")]
        result = self._make(store, step, at, inputs, answer, _places(failures))
        following = self._plan.steps[step]["next"]
        if "open" in following and self._plan.pools[following["open"]]["kind"] == "foreach":
            result["splits"] = ITEMS_INNER if self._plan.steps[step]["within"] else ITEMS_OUTER
        if "choose" in following:
            result["chose"] = self._choose(step, at, following["choose"])
        if request["outputs"]:
            result["outputs"] = {name: result["objects"]["value"] for name in request["outputs"]}
        return True, result, None, []

    def _fails(self, step: str, at: list[int], attempt: int) -> bool:
        if step.startswith("broken_"):
            return not self._world.is_repaired and at[-1] == int(step.split("_")[1])
        return step == "ill" or (step.startswith("flaky") and attempt == 0)

    def _choose(self, step: str, at: list[int], options: list[str]) -> Any:
        within = self._plan.steps[step]["within"]
        for scope, loop in self._plan.loops.items():
            if loop["first"] in options:
                others = [option for option in options if option != loop["first"]]
                turns = TURNS.get(self._plan.flow, TURNS_DEFAULT)
                stays = scope not in within or at[within.index(scope)] + 1 < turns
                return loop["first"] if stays or not others else others[0]
        return options[sum(at) % len(options)]

    def _read(self, store: Any, request: dict[str, Any]) -> list[str]:
        keys = [key_of(self._plan.flow, entry["objects"]["value"]) for entry in request["inputs"]]
        found = [store.get(key) for key in keys]
        assert None not in found, f"an artifact is missing: {keys}"
        return [data.decode() for data, _, _ in found]

    def _make(self, store: Any, *parts: Any) -> dict[str, Any]:
        content = to_json(parts)
        name = hashlib.sha1(content).hexdigest()
        store.put(key_of(self._plan.flow, name), hashlib.sha256(content).hexdigest().encode())
        return {"objects": {"value": name}, "info": {"value": {"size": len(content)}}, "metadata": []}


def _places(failures: list[dict[str, Any]]) -> list[Any]:
    """Places of failures. Texts are left out, because a step that always fails may fail because of the fault."""
    return [[failure["step"], failure.get("item")] for failure in failures if failure]
