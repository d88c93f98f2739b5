"""Runs that were lost with their session, are resumed, or are cancelled."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from nuvopipe_runtime.contract.layout import LIVE_PREFIX, ROOT_PREFIX, RunLayout
from nuvopipe_runtime.protocol.related_runs.launches import BUSY
from nuvopipe_runtime.store import to_json
from tests.unit.nuvopipe_runtime.protocol.claims.test_pool import NESTED_RESULT, nested
from tests.unit.nuvopipe_runtime.protocol.test_control import FLOW, LOGS, POOL, RETRY, STEPS, executed, failing

pytestmark = pytest.mark.slow

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from nuvopipe_testing.one_flow import OneFlow
    from tests.fixture_types import MakeFlow


SWEEP_AFTER_S = 3600


def place(p: OneFlow, run: str = "r1", **more: Any) -> dict[str, Any]:
    return {"run": run, "block": p.plan.block(p.plan.start), "step": p.plan.start, "at": [], **more}


def sweep(p: OneFlow) -> None:
    """Sweeps like the sweeper after every lease has expired."""
    p.clock.skipped += SWEEP_AFTER_S
    for key in p.store.list(LIVE_PREFIX):
        p.run_session(place(p, key.rsplit("/", 1)[1], sweep=True))


@pytest.fixture
def looping(platform: MakeFlow) -> Callable[..., Any]:
    plan = {"start": "start", "end": "end", "outputs": ["logs"], "loops": {"until first": {"first": "first"}}}
    return lambda steps=STEPS, **pool: platform(FLOW, steps, {"start": POOL | pool}, **plan)


def drop_once(p: OneFlow, when: str, at: int) -> list[Any]:
    dropped = []

    def drop(number: int, envelope: dict[str, Any]) -> str | None:
        if number == at and not dropped:
            dropped.append(envelope)
            return "drop"

    setattr(p, when, drop)
    return dropped


@pytest.mark.parametrize("lost", range(1, 28, 3))
@pytest.mark.parametrize("when", ["before", "after"])
def test_one_sweep_finishes_a_run_whose_session_was_lost(looping: Callable[[], OneFlow], lost: int, when: str) -> None:
    p = looping(concurrency=1)
    dropped = drop_once(p, when, lost)
    p.invoke()
    if (lost, when) == (1, "before"):
        assert p.store.list(LIVE_PREFIX) == []  # nothing of the run is stored
        return
    assert dropped
    if p.result() is not None:
        return  # only the answer was lost
    assert len(p.store.list(LIVE_PREFIX)) == 1
    sweep(p)
    assert p.result()["outputs"] == LOGS
    assert p.store.list(LIVE_PREFIX) == []


def test_an_answer_lost_after_a_failure_is_not_another_failure(looping: Callable[[], OneFlow]) -> None:
    retry = {**RETRY, "on": ["ConnectionError"]}
    p = looping({**STEPS, "second": {**STEPS["second"], "retry": retry}}, concurrency=1)
    lost = []

    def lose(number: int, envelope: dict[str, Any]) -> str | None:
        if not lost and p.keys("second/t-1-0/failed-0"):
            lost.append(envelope)
            return "drop"

    p.after = lose
    p.invoke()
    assert p.result() is None
    p.run_session({**lost[0], "died": "the answer was lost"})
    sweep(p)
    assert p.result()["outputs"] == LOGS


def test_committed_tasks_are_walked_over_in_one_activation(looping: Callable[[], OneFlow]) -> None:
    p = looping(concurrency=1)
    drop_once(p, "before", 14)
    p.invoke()
    done, executor, executions = {key.split("/tasks/")[1] for key in p.keys("/commit")}, p.container.executor, []
    assert len(done) > 5
    run = executor.run
    executor.run = lambda *arguments: executions.append(arguments[2]) or run(*arguments)
    before = p.components
    sweep(p)
    assert p.result()["outputs"] == LOGS
    assert not done & {f"{request['step']}/{request['task']}/commit" for request in executions}
    assert p.components - before <= len(executions) + 4  # the sweep, the walk, a continuation


def test_a_sweep_leaves_runs_alone_that_are_alive_or_over(looping: Callable[[], OneFlow]) -> None:
    p = looping()
    p.invoke()
    assert p.store.list(LIVE_PREFIX) == []
    components = p.components
    p.run_session(place(p, sweep=True))
    assert p.components == components + 1
    assert p.result()["outputs"] == LOGS


def test_a_sweep_in_the_instant_in_which_a_join_begins_does_not_stop_it(looping: Callable[[], OneFlow]) -> None:
    p = looping(concurrency=1)
    replace, swept = p.store.replace, []

    def sweep_first(key: str, data: bytes, e_tag: str | None) -> Any:
        if key.startswith(LIVE_PREFIX) and not swept:
            swept.append(key)
            entry = {**p.store.get_json(key), "by": "the sweep", "expires": p.clock.now_ms() + 1_000_000}
            replace(key, json.dumps(entry).encode(), e_tag)
        return replace(key, data, e_tag)

    p.store.replace = sweep_first
    p.invoke()
    assert swept
    assert p.result()["outputs"] == LOGS


def test_a_run_that_is_swept_twice_at_once_has_one_result(looping: Callable[[], OneFlow]) -> None:
    p = looping(concurrency=1)
    drop_once(p, "after", 9)
    p.invoke()
    p.clock.skipped += SWEEP_AFTER_S
    p.launch(p.flow, place(p, sweep=True))
    p.run_session(place(p, sweep=True))
    assert p.result()["outputs"] == LOGS
    commits = [key for key in p.keys("/commit")]
    assert len(commits) == len(set(commits))


@pytest.mark.parametrize("marker", ["failed", "cancelled"])
def test_a_run_that_was_lost_on_its_way_to_its_result_gets_it(looping: Callable[[], OneFlow], marker: str) -> None:
    p = looping(concurrency=1)
    drop_once(p, "after", 9)
    p.invoke()
    p.store.create(RunLayout("F", "r1").run_prefix + marker, b'{"message": "refused", "step": "second"}')
    sweep(p)
    assert p.result()["status"] == marker
    assert p.store.list(LIVE_PREFIX) == []


@pytest.fixture
def broken(platform: MakeFlow, tmp_path: Path) -> tuple[OneFlow, Callable[..., Any]]:
    """A flow whose second item fails until `fix()`."""
    marker = tmp_path / "fixed"
    text = FLOW.replace(
        "            self.log = []\n",
        f"            self.log = []\n            import os\n            print('entering', self.input)\n"
        f'            if self.input == 2 and not os.path.exists("{marker}"):\n'
        f'                raise ValueError("broken")\n',
    )
    plan = {"start": "start", "end": "end", "outputs": ["logs"], "loops": {"until first": {"first": "first"}}}
    p = platform(text, STEPS, {"start": POOL | {"concurrency": 1}}, **plan)
    return p, marker.touch


def resume(p: OneFlow, origin: str, run: str, *more: Any) -> dict[str, Any] | None:
    return p.run_session(place(p, run, home=True, answerWithin=0, params={}, origin=[origin, *more]))


def test_a_run_of_another_version_is_not_resumed(broken: tuple[OneFlow, Callable[..., Any]]) -> None:
    p, _ = broken
    p.invoke()
    key = RunLayout("F", "r1").run
    p.store.put(key, to_json({**p.store.get_json(key), "version": 2}))
    message = resume(p, "r1", "r2")["error"]["message"]
    assert "has version 2 of its format" in message and "deploy the flow with the nuvopipe" in message


def test_a_resumed_run_executes_only_what_is_missing(broken: tuple[OneFlow, Callable[..., Any]]) -> None:
    p, fix = broken
    p.invoke()
    assert p.result()["status"] == "failed"
    fix()
    done = {key.split("/tasks/")[1] for key in p.keys("/commit")} - {"enter/t-1/commit"}
    resume(p, "r1", "r2")
    assert p.result("r2")["outputs"] == LOGS
    records = {key: p.store.get_json(key) for key in p.keys("/commit", "r2")}
    taken = {key.split("/tasks/")[1] for key, record in records.items() if "origin" in record}
    assert taken == done
    assert "enter/t-0/commit" in taken and "leave/t-0/commit" in taken
    assert all(record["run"] == "r2" for record in records.values())
    assert b"entering 1" in p.store.get("F/r2/enter/t-0/0.task_stdout.log")[0]
    assert not p.store.exists("F/r2/leave/t-0/0.task_stdout.log")
    facts = {datum["field_name"]: datum["value"] for datum in records[p.keys("enter/t-0/commit", "r2")[0]]["metadata"]}
    assert facts["origin-run-id"] == "r1" and facts["origin-task-id"] == "t-0"
    assert p.store.get_json(p.keys("run.json", "r2")[0])["origin"] == {"run": "r1"}
    # Resume that run too: the origin of reused tasks stays the first run.
    resume(p, "r2", "r3", "join")
    assert p.result("r3")["outputs"] == LOGS
    third = {key.split("/tasks/")[1]: p.store.get_json(key) for key in p.keys("/commit", "r3")}
    assert third["enter/t-0/commit"]["origin"] == "F/r1/enter/t-0"
    assert "origin" not in third["join/t/commit"] and "origin" not in third["end/t/commit"]
    assert "origin" in third["leave/t-2/commit"]


@pytest.mark.parametrize(
    ("origin", "given", "message"),
    [(["r9"], {}, "there is no run r9"), (["r1"], {"n": 1}, "leave out n"), (["r1", "nowhere"], {}, 'no step "nowhere"')],
)
def test_what_cannot_be_resumed_says_why(
    broken: tuple[OneFlow, Callable[..., Any]], origin: list[str], given: dict[str, Any], message: str
) -> None:
    p, _ = broken
    p.invoke()
    answer = p.run_session(place(p, "r2", home=True, params=given, origin=origin))
    assert answer["status"] == "failed" and message in answer["error"]["message"]
    assert p.store.list(LIVE_PREFIX) == []


def test_a_run_that_is_not_over_is_not_resumed(looping: Callable[[], OneFlow]) -> None:
    p = looping(concurrency=1)
    drop_once(p, "after", 9)
    p.invoke()
    assert "has not ended" in resume(p, "r1", "r2")["error"]["message"]


def test_a_lost_resumed_run_is_swept_as_one(broken: tuple[OneFlow, Callable[..., Any]]) -> None:
    p, fix = broken
    p.invoke()
    fix()
    drop_once(p, "before", p.components + 3)
    resume(p, "r1", "r2")
    assert p.result("r2") is None
    sweep(p)
    assert p.result("r2")["outputs"] == LOGS
    assert "origin" in p.store.get_json(p.keys("enter/t-0/commit", "r2")[0])


def test_cancelled_lanes_stop_at_their_next_step(looping: Callable[[], OneFlow]) -> None:
    p = looping()
    cancelled = []

    def cancel(number: int, envelope: dict[str, Any]) -> None:
        if number == 12 and not cancelled:
            cancelled.append(number)
            p.clock.skipped += 2  # the stop check looks once a second
            p.launch(p.flow, place(p, cancel=True))

    p.after = cancel
    p.invoke()
    assert p.result() == {"run": "r1", "status": "cancelled"}
    assert p.store.list(LIVE_PREFIX) == []
    assert len(executed(p, "second")) < 9


@pytest.mark.parametrize("name", ["", "..", "../r1", "a//b", "\x00", "x" * 2000])
def test_an_invalid_run_name_is_refused(looping: Callable[[], OneFlow], name: str) -> None:
    p = looping()
    for answer in (p.run_session(place(p, name, cancel=True)), resume(p, name, "r2")):
        assert "there is no run" in answer["error"]["message"]
    assert p.store.list(ROOT_PREFIX) == []


def test_a_cancelled_run_is_not_found_wrong(looping: Callable[[], OneFlow]) -> None:
    p = looping()
    answer = p.run_session(place(p, "nobody", cancel=True))
    assert answer["status"] == "failed" and "there is no run nobody" in answer["error"]["message"]
    p.invoke()
    assert p.run_session(place(p, cancel=True))["status"] == "succeeded"  # the run has already ended


OTHER_VERSION = "1" * 64


def deploy_another(p: OneFlow, refusal: str | None = None) -> list[Any]:
    """Makes sessions belong to another version from now on; keeps invocations of the run's own version."""
    p.plan.hash, invoked = OTHER_VERSION, []
    p.start = lambda action, arguments: invoked.append((action, arguments)) or refusal
    return invoked


def test_a_lost_run_whose_version_is_gone_says_so(looping: Callable[[], OneFlow]) -> None:
    p = looping(concurrency=1)
    drop_once(p, "before", 9)
    p.invoke()
    deploy_another(p, "there is no such flow in this namespace")
    sweep(p)
    result = p.result()
    assert result["status"] == "failed"
    assert result["error"]["message"] == (
        "the run was lost, and F is deployed with another version than its own, 00000000: resume it with nuvopipe resume F/r1"
    )
    assert p.store.list(LIVE_PREFIX) == []
    resume(p, "r1", "r2")
    assert p.result("r2")["outputs"] == LOGS


@pytest.mark.parametrize("refusal", [None, "there is no such flow in this namespace"])
def test_a_run_is_cancelled_by_its_own_version_where_that_is_there(looping: Callable[[], OneFlow], refusal: str | None) -> None:
    p = looping(concurrency=1)
    drop_once(p, "before", 9)
    p.invoke()
    invoked = deploy_another(p, refusal)
    answer = p.run_session(place(p, cancel=True, home=True))
    assert answer["status"] == "cancelled"
    assert invoked == [("F.steps/flow-00000000", {"cancel": "r1"})]
    assert (p.result() is None) == (refusal is None)


def test_a_cancellation_waits_for_the_platform(looping: Callable[[], OneFlow]) -> None:
    p = looping(concurrency=1)
    drop_once(p, "before", 9)
    p.invoke()
    refusals = [BUSY, BUSY, None]
    invoked = deploy_another(p)
    p.start = lambda action, arguments: invoked.append(action) or refusals.pop(0)
    assert p.run_session(place(p, cancel=True, home=True))["status"] == "cancelled"
    assert len(invoked) == 3


def test_a_join_that_is_taken_over_is_not_executed_when_too_few_succeeded(platform: MakeFlow) -> None:
    p = failing(platform, minSuccess={"count": 1})
    create, lost = p.store.create, []

    def lose(key: str, data: bytes) -> Any:
        if key == RunLayout("F", "r1").failed and not lost:
            lost.append(key)
            raise ConnectionError("the container is gone")  # the join is claimed, but the session was lost
        return create(key, data)

    p.store.create = lose
    with pytest.raises(ConnectionError):
        p.invoke()
    assert lost and p.keys("pools/start/t/join")
    sweep(p)
    assert "0 of 3 items succeeded" in p.result()["error"]["message"]
    assert not p.keys("tasks/join/")


def test_a_sweep_enters_the_innermost_items_of_nested_pools(platform: MakeFlow) -> None:
    """The surrounding items are alive then, so no launch, which the platform might refuse, is spent on them."""
    p = nested(platform, concurrency=1)
    p.refuse = lambda envelope: True
    p.before = lambda number, envelope: "drop" if envelope.get("step") == "deep" and envelope["at"] == [0, 0, 1] else None
    p.invoke()
    assert p.result() is None
    entered = []
    p.refuse = lambda envelope: entered.append(envelope)
    p.before = lambda number, envelope: None
    sweep(p)
    assert p.result()["outputs"] == NESTED_RESULT
    taken_over = [envelope for envelope in entered if "again" in envelope and "claim" not in envelope]
    assert [(envelope["step"], envelope["at"]) for envelope in taken_over] == [("deep", [0, 0, 1])]
