"""Steps with `cache: true`: what is reused and what is not. Nothing else of a run changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from nuvopipe_runtime.contract.layout import CACHE_PREFIX, ROOT_PREFIX, RunLayout
from nuvopipe_runtime.contract.protocol import CACHE_INPUTS_MAX
from nuvopipe_runtime.execution.artifacts import KNOWN_FOR_S, BlobCache
from nuvopipe_runtime.store import to_json
from tests.unit.nuvopipe_runtime.protocol.runs.test_lost_runs import place, sweep
from tests.unit.nuvopipe_runtime.protocol.test_control import FLOW, LOGS, POOL, RETRY, STEPS, executed

pytestmark = pytest.mark.slow

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from nuvopipe_testing.one_flow import OneFlow
    from tests.fixture_types import MakeFlow


CACHE = {"code": "c" * 64, "environment": "e" * 64}
LOOP = {"start": "start", "end": "end", "outputs": ["logs"], "loops": {"until first": {"first": "first"}}}


def with_cache(*names: Any) -> dict[str, Any]:
    return {name: {**spec, "cache": dict(CACHE)} if name in names else spec for name, spec in STEPS.items()}


def records(p: OneFlow, run: str) -> dict[str, Any]:
    prefix = RunLayout("F", run).tasks_prefix
    return {key[len(prefix) : -7]: p.store.get_json(key) for key in p.keys("/commit", run)}


def ran(p: OneFlow, run: str) -> set[Any] | set[str]:
    """Returns `step/task` of the executed tasks."""
    return {name for name, record in records(p, run).items() if "cached" not in record and not name.startswith("_")}


def same_but_for_the_run(record: dict[str, Any]) -> dict[str, Any]:
    """Returns the facts that Metaflow's client and later steps find in a task."""
    return {key: record.get(key) for key in ("objects", "info", "ok", "attempt", "at", "chose", "splits", "outputs")}


def test_a_second_run_reuses_every_cached_task_and_equals_the_first(platform: MakeFlow) -> None:
    p = platform(FLOW, with_cache(*STEPS), {"start": POOL}, **LOOP)
    p.invoke("r1")
    executions = len(p.log)
    p.invoke("r2")
    assert p.result("r2")["outputs"] == LOGS and ran(p, "r2") == set()
    assert len(p.log) - executions < executions / 2  # cached tasks take no activation of their own
    first, second = records(p, "r1"), records(p, "r2")
    assert {name: same_but_for_the_run(record) for name, record in first.items()} == {
        name: same_but_for_the_run(record) for name, record in second.items()
    }
    hit = second["enter/t-1"]
    assert hit["cached"] == "F/r1/enter/t-1" and "origin" not in hit
    assert hit["cache"] == {**first["enter/t-1"]["cache"], "hit": True}
    assert hit["parents"] == ["r2/start/t"] and hit["run"] == "r2"
    metadata = first["enter/t-1"]["metadata"]
    assert hit["metadata"] == [datum for datum in metadata if not datum["field_name"].startswith("origin-")]
    assert len(p.keys("/reused/", "r2")) == len(first) - 1 and p.keys("/reused/", "r1") == []
    p.invoke("r3")
    assert records(p, "r3")["join/t"]["cached"] == "F/r1/join/t"


LINEAR = """
    from metaflow import FlowSpec, Parameter, step

    class F(FlowSpec):
        n = Parameter("n", default=1, type=int)

        @step
        def start(self):
            self.m = self.n + 1
            self.next(self.middle)

        @step
        def middle(self):
            self.k = self.m * 2
            self.next(self.end)

        @step
        def end(self):
            pass

    if __name__ == "__main__":
        F()
    """
LINEAR_STEPS = {
    "start": {"next": {"step": "middle"}},
    "middle": {"next": {"step": "end"}, "cache": CACHE},
    "end": {"next": {"end": True}},
}


@pytest.fixture
def linear(platform: MakeFlow) -> Callable[..., Any]:
    """Returns `linear(**middle)`, which takes settings of the middle step in addition to `cache`."""

    def make(flow: Any = LINEAR, **middle: Any) -> OneFlow:
        steps = {**LINEAR_STEPS, "middle": {**LINEAR_STEPS["middle"], "cache": dict(CACHE), **middle}}
        parameters = {"n": {"type": "integer", "default": 1, "required": False}}
        return platform(flow, steps, start="start", end="end", outputs=["k"], parameters=parameters)

    return make


def test_other_code_environment_or_inputs_are_another_key(linear: Callable[..., OneFlow]) -> None:
    p = linear()
    p.invoke("r1")
    assert p.invoke("r2")["outputs"] == {"k": 4} and ran(p, "r2") == {"start/t", "end/t"}
    assert p.invoke("r3", n=2)["outputs"] == {"k": 6} and "middle/t" in ran(p, "r3")
    parts = {run: records(p, run)["middle/t"]["cache"]["parts"] for run in ("r1", "r3")}
    assert parts["r1"]["inputs"].keys() == {"n", "m"}
    assert {name for name, part in parts["r1"]["inputs"].items() if parts["r3"]["inputs"][name] != part} == {"n", "m"}
    for number, part in enumerate(("code", "environment")):
        p.plan.steps["middle"]["cache"][part] = "other"
        run = f"s{number}"
        p.invoke(run)
        assert "middle/t" in ran(p, run)
        changed = records(p, run)["middle/t"]["cache"]["parts"]
        assert [name for name in ("code", "environment", "place", "inputs") if changed[name] != parts["r1"][name]] == (
            ["code", "environment"][: number + 1]
        )
    # Back to the first version: its entries still exist.
    p.plan.steps["middle"]["cache"].update(CACHE)
    p.invoke("r9")
    assert records(p, "r9")["middle/t"]["cached"] == "F/r1/middle/t"


def test_a_secret_is_part_of_the_key_and_nowhere_to_be_read(linear: Callable[..., OneFlow]) -> None:
    p = linear(secrets=["TOKEN"])
    p.container.executor.secrets = {"TOKEN": "abc-secret"}
    p.invoke("r1")
    p.invoke("r2")
    assert "middle/t" not in ran(p, "r2")
    p.container.executor.secrets = {"TOKEN": "another"}
    p.invoke("r3")
    assert "middle/t" in ran(p, "r3")
    first, third = (records(p, run)["middle/t"]["cache"]["parts"] for run in ("r1", "r3"))
    assert first["secrets"] != third["secrets"]
    assert not [key for key in p.store.list(ROOT_PREFIX) if b"abc-secret" in p.store.get(key)[0]]


def test_a_failed_task_and_a_caught_failure_are_not_cached(linear: Callable[..., OneFlow], platform: MakeFlow) -> None:
    p = linear(LINEAR.replace("self.m * 2", "1 / 0"))
    p.invoke("r1")
    assert records(p, "r1")["middle/t"]["ok"] is False and p.store.list(CACHE_PREFIX) == []
    caught = LINEAR.replace("self.m * 2", "1 / (self.n - 1)").replace(
        "        @step\n        def middle", '        @catch(var="problem")\n        @step\n        def middle'
    )
    caught = caught.replace("FlowSpec, ", "FlowSpec, catch, ", 1)
    p = linear(caught.replace("def end(self):", "def end(self):\n            self.k = 0\n"), catches=True)
    p.invoke("r1")
    assert records(p, "r1")["middle/t"]["ok"] is True and p.store.list(CACHE_PREFIX) == []
    p.invoke("r2", n=2)
    assert len(p.store.list(CACHE_PREFIX)) == 1


def test_an_entry_whose_artifacts_are_gone_is_a_miss_and_is_written_anew(linear: Callable[..., OneFlow]) -> None:
    p = linear()
    p.invoke("r1")
    [entry] = p.store.list(CACHE_PREFIX)
    sha = p.store.get_json(entry)["record"]["objects"]["k"]
    p.store.delete(f"F/data/{sha[:2]}/{sha}")
    p.container.executor.blobs.known.clear()
    p.invoke("r2")
    assert "middle/t" in ran(p, "r2")
    p.invoke("r3")
    assert records(p, "r3")["middle/t"]["cached"] == "F/r2/middle/t"


def test_the_run_that_an_entry_came_from_may_be_gone(linear: Callable[..., OneFlow]) -> None:
    p = linear()
    p.invoke("r1")
    for key in p.store.list(RunLayout("F", "r1").run_prefix) + p.store.list(RunLayout("F", "r1").metaflow_run_prefix):
        p.store.delete(key)
    assert p.invoke("r2")["outputs"] == {"k": 4} and "middle/t" not in ran(p, "r2")


def test_an_entry_that_is_used_says_when_once_a_day(linear: Callable[..., OneFlow]) -> None:
    p = linear()
    p.invoke("r1")
    [entry] = p.store.list(CACHE_PREFIX)
    used = p.store.get_json(entry)["used"]
    p.invoke("r2")
    assert p.store.get_json(entry)["used"] == used
    p.clock.skipped += 2 * 86_400
    p.invoke("r3")
    assert p.store.get_json(entry)["used"] > used and "middle/t" not in ran(p, "r3")


@pytest.mark.parametrize("lost", range(1, 12, 2))
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_run_of_cached_steps_that_is_lost_is_finished_by_one_sweep(platform: MakeFlow, lost: int, when: str) -> None:
    p = platform(FLOW, with_cache("start", "first", "leave", "join"), {"start": POOL | {"concurrency": 1}}, **LOOP)
    p.invoke("r1")
    before, dropped = p.components, []

    def drop(number: int, envelope: dict[str, Any]) -> str | None | None:
        if number == before + lost and not dropped:
            dropped.append(envelope)
            return "drop"

    setattr(p, when, drop)
    p.invoke("r2")
    if p.result("r2") is None and p.keys("run.json", "r2"):
        sweep(p)
    if (lost, when) != (1, "before"):
        assert p.result("r2")["outputs"] == LOGS
        assert {"start/t", "join/t", "leave/t-0"}.isdisjoint(ran(p, "r2"))


def test_two_sessions_on_one_path_go_on_as_one(linear: Callable[..., OneFlow]) -> None:
    p = linear()
    p.invoke("r1")
    twice = []

    def double(number: int, envelope: dict[str, Any]) -> None:
        if envelope["step"] == "start" and envelope["run"] == "r2" and not twice:
            twice.append(dict(envelope, step="middle", home=False))
            p.launch(p.flow, {key: value for key, value in twice[0].items() if key not in ("params", "lease")})

    p.after = double
    p.invoke("r2")
    assert p.result("r2")["outputs"] == {"k": 4} and len(executed(p, "end")) <= 3


def test_a_resumed_run_uses_the_cache_except_for_steps_to_execute_again(platform: MakeFlow, tmp_path: Path) -> None:
    marker = tmp_path / "fixed"
    text = FLOW.replace(
        "            self.logs =",
        f'            import os\n            if not os.path.exists("{marker}"):\n'
        '                raise ValueError("broken")\n            self.logs =',
    )
    p = platform(text, with_cache("first", "join"), {"start": POOL}, **LOOP)
    p.invoke("r1")
    assert p.result("r1")["status"] == "failed"
    marker.touch()
    p.run_session(place(p, "r2", home=True, answerWithin=0, params={}, origin=["r1"]))
    assert p.result("r2")["outputs"] == LOGS
    assert {"join/t", "end/t"} == {name for name, record in records(p, "r2").items() if "origin" not in record}
    p.run_session(place(p, "r3", home=True, answerWithin=0, params={}, origin=["r2", "join"]))
    assert {"join/t", "end/t"} == {name for name, record in records(p, "r3").items() if "origin" not in record}
    assert "join/t" in ran(p, "r3")
    p.run_session(place(p, "r5", home=True, answerWithin=0, params={}, origin=["r1"]))
    facts = [datum["value"] for datum in records(p, "r5")["join/t"]["metadata"] if datum["field_name"] == "origin-run-id"]
    assert records(p, "r5")["join/t"]["cached"] and facts == ["r1"]
    # A run that resumes nothing reuses the cached task too.
    p.invoke("r4")
    assert "cached" in records(p, "r4")["join/t"]


def test_a_join_that_continues_without_items_is_executed(platform: MakeFlow) -> None:
    flow = FLOW.replace("            self.log = []\n", "            self.log = [1 / (self.input - 2)][1:]\n")
    steps = with_cache("join", "end")
    steps["join"]["retry"] = RETRY
    p = platform(flow, steps, {"start": POOL | {"minSuccess": {"count": 1}}}, **LOOP)
    for run in ("r1", "r2"):
        p.invoke(run)
        assert p.result(run)["outputs"] == {"logs": [LOGS["logs"][0], LOGS["logs"][2]]}
        assert "join/t" in ran(p, run)
    assert "end/t" not in ran(p, "r2")


def test_what_a_record_says_of_its_key_is_bounded(linear: Callable[..., OneFlow]) -> None:
    many = "; ".join(f"self.a{i:03d} = {i}" for i in range(100))
    p = linear(LINEAR.replace("self.m = self.n + 1", f"{many}; self.m = 1"))
    p.invoke("r1")
    facts = records(p, "r1")["middle/t"]["cache"]
    assert len(facts["parts"]["inputs"]) == CACHE_INPUTS_MAX + 1 and "…" in facts["parts"]["inputs"]
    assert len(to_json(facts)) < 3000


def test_a_container_does_not_take_an_artifact_for_written_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    blobs, now = BlobCache(), [1e9]
    monkeypatch.setattr("nuvopipe_runtime.execution.execute.time.time", lambda: now[0])
    assert not blobs.is_known("F/data/aa/aa")
    blobs.learn("F/data/aa/aa")
    now[0] += KNOWN_FOR_S - 1
    assert blobs.is_known("F/data/aa/aa")
    now[0] += 2
    assert not blobs.is_known("F/data/aa/aa")
