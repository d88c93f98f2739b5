"""Called flows: a parent waits without a session, its child wakes it, and no child outlives its parent."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from nuvopipe_runtime.contract.layout import LIVE_PREFIX, RunLayout
from tests.faults.platform import FaultyPlatform
from tests.faults.stub import StubExecutor

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fixture_types import MakeFlow


FOREVER_MS = 1_200_000
END = {"next": {"end": True}}
PARAMETERS = {"number": {"type": "integer", "default": 0, "required": False}}
NOTICED_MAX_S = 2
WAITS_MAX = 8
"""Number of pauses of a parent that waits for a child, however long that takes."""


def retry(times: int = 1, backoff_ms: int = FOREVER_MS) -> dict[str, Any]:
    return {"times": times, "backoffMs": backoff_ms, "factor": 1, "maxMs": FOREVER_MS, "jitter": 0, "on": []}


def calls(flow: str, **more: Any) -> dict[str, Any]:
    return {"call": {"flow": flow, "detach": False, **more}}


@pytest.fixture
def family(platform: MakeFlow) -> Callable[..., Any]:
    """Returns `family(Parent={step: spec}, Child={…})`, a platform with these flows. `Flow__key` sets another key of a plan."""

    def make(**flows: Any) -> Any:
        plans = []
        for flow, steps in flows.items():
            more = {key: steps.pop(key) for key in ("onFailure", "timeoutMs", "pools") if key in steps}
            more |= {"flow": flow, "start": "start", "end": "end", "parameters": PARAMETERS}
            plans.append(platform("", steps, more.pop("pools", None), **more).plan)
        return FaultyPlatform(plans, StubExecutor)

    return make


def run(world: FaultyPlatform, flow: str = "Parent", name: str = "r1", until: Any = None, **more: Any) -> None:
    """Starts a run as a client, and runs until it ends or no session is left."""
    world.begin(flow, name, **more)
    world.finish(until or (lambda: True))
    assert not world.problems


def result(world: FaultyPlatform, flow: str, name: str) -> dict[str, Any] | None:
    return world.store.get_json(RunLayout(flow, name).result)


def calls_of(world: FaultyPlatform, operation: str, step: str | None = None) -> list[Any]:
    return [key for of, key in world.calls if of == operation and step in (None, key)]


SLOW_CHILD = {"start": {"next": {"step": "flaky"}}, "flaky": {"next": {"step": "end"}, "retry": retry()}, "end": END}
PARENT = {"start": {"next": {"step": "sub"}}, "sub": {"next": {"step": "end"}, **calls("Child")}, "end": END}


def copy(steps: dict[str, Any]) -> dict[str, Any]:
    return {name: dict(spec) if isinstance(spec, dict) else spec for name, spec in steps.items()}


def test_a_parent_waits_without_a_session_and_is_woken(family: Callable[..., Any]) -> None:
    world = family(Parent=copy(PARENT), Child=copy(SLOW_CHILD))
    run(world)
    assert result(world, "Parent", "r1")["status"] == "succeeded"
    assert world.sweeps == 0
    assert len(calls_of(world, "wait", "sub")) <= WAITS_MAX
    child, parent = (
        world.store.get_json(RunLayout(*key).commit("end", "t")) for key in (("Child", "r1-sub-t"), ("Parent", "r1"))
    )
    assert child["ended"] - child["started"] < FOREVER_MS
    assert 0 < parent["started"] - child["ended"] < NOTICED_MAX_S * 1000


def test_a_quick_child_is_found_without_being_asked_for(family: Callable[..., Any]) -> None:
    world = family(Parent=copy(PARENT), Child={"start": {"next": {"step": "end"}}, "end": END})
    run(world)
    assert result(world, "Parent", "r1")["status"] == "succeeded"
    assert calls_of(world, "start") == ["start"]
    assert not world.store.exists(RunLayout("Child", "r1-sub-t").parent)


def test_a_family_of_many_generations_needs_no_sweep(family: Callable[..., Any]) -> None:
    generations = 40
    flows = {
        f"F{number}": {
            "start": {"next": {"step": "sub"}},
            "sub": {"next": {"step": "end"}, **calls(f"F{number + 1}")},
            "end": END,
        }
        for number in range(generations)
    }
    world = family(**flows, **{f"F{generations}": copy(SLOW_CHILD)})
    run(world, "F0")
    assert result(world, "F0", "r1")["status"] == "succeeded"
    assert world.sweeps == 0
    ended = [
        record["ended"]
        for record in (world.store.get_json(key) for key in world.store.list("") if key.endswith("end/t/commit"))
    ]
    assert max(ended) - min(ended) < generations * 1000


@pytest.mark.parametrize("kind", ["refused", "unanswered"])
def test_a_platform_that_is_busy_is_asked_again_to_wake_the_parent(family: Callable[..., Any], kind: str) -> None:
    world = family(Parent=copy(PARENT), Child=copy(SLOW_CHILD))
    asked = []

    def fault(call: Any, operation: str, key: str) -> Any:
        if operation == "start" and key == "sub":
            asked.append(world.clock.now())
            return kind if len(asked) <= 2 else None

    world.fault = fault
    run(world)
    assert result(world, "Parent", "r1")["status"] == "succeeded"
    assert world.sweeps == 0
    assert len(asked) == 3 and asked[-1] - asked[0] > 60


def test_a_sweep_repeats_a_lost_wake(family: Callable[..., Any]) -> None:
    world = family(Parent=copy(PARENT), Child=copy(SLOW_CHILD))
    world.fault = lambda call, operation, key: "lost" if (operation, key) == ("start", "sub") else None
    is_over = partial(result, world, "Parent", "r1")
    run(world, until=is_over)
    assert is_over()["status"] == "succeeded"
    assert world.sweeps == 1


def test_a_parent_of_a_retried_step_gets_the_run_of_each_attempt(family: Callable[..., Any]) -> None:
    parent = copy(PARENT)
    parent["sub"]["retry"] = retry(2, 1000)
    world = family(
        Parent=parent,
        Child={"start": {"next": {"step": "ill"}}, "ill": {"next": {"step": "end"}, "retry": retry()}, "end": END},
    )
    run(world)
    failure = result(world, "Parent", "r1")["error"]
    assert failure["message"] == "the flow Child failed: ValueError: as it should (run r1-sub-t-2)"
    assert [result(world, "Child", f"r1-sub-t{more}")["status"] for more in ("", "-1", "-2")] == ["failed"] * 3


GRANDCHILDREN = {
    "Parent": PARENT,
    "Child": {"start": {"next": {"step": "sub"}}, "sub": {"next": {"step": "end"}, **calls("Grandchild")}, "end": END},
    "Grandchild": SLOW_CHILD,
}
NAMES = {"Parent": "r1", "Child": "r1-sub-t", "Grandchild": "r1-sub-t-sub-t"}


def statuses(world: FaultyPlatform) -> list[str]:
    return [result(world, flow, name)["status"] for flow, name in NAMES.items()]


def test_a_cancelled_run_takes_its_family_with_it(family: Callable[..., Any]) -> None:
    world = family(**{flow: copy(steps) for flow, steps in GRANDCHILDREN.items()})
    world.meanwhile(60, lambda: world.cancel("Parent", "r1"))
    run(world)
    assert statuses(world) == ["cancelled"] * 3
    assert world.sweeps == 0 and not world.store.list(LIVE_PREFIX)
    assert not world.store.exists(RunLayout("Grandchild", NAMES["Grandchild"]).commit("flaky", "t"))


def record_created(world: FaultyPlatform) -> list[float]:
    return [world.store.get_json(key)["created"] / 1000 for key in world.store.list("") if key.endswith("/run.json")]


def test_so_does_one_whose_time_is_over(family: Callable[..., Any]) -> None:
    flows = {flow: copy(steps) for flow, steps in GRANDCHILDREN.items()}
    flows["Parent"] |= {"timeoutMs": 100_000, "tell": {"next": {"handled": True}}, "onFailure": "tell"}
    world = family(**flows)
    run(world)
    assert statuses(world) == ["failed", "cancelled", "cancelled"]
    parent = result(world, "Parent", "r1")
    assert parent["error"]["message"] == "the flow was ended after its time limit of 100 s"
    assert parent["onFailure"] == {"status": "succeeded"}
    ended = world.store.get_json(RunLayout("Parent", "r1").commit("sub", "t"))["ended"] / 1000
    assert 100 <= ended - min(record_created(world)) < 103


def test_and_a_step_whose_time_is_over_ends_the_flow_that_it_waits_for(family: Callable[..., Any]) -> None:
    flows = {flow: copy(steps) for flow, steps in GRANDCHILDREN.items()}
    flows["Parent"]["sub"] |= calls("Child", timeoutMs=50_000)
    world = family(**flows)
    run(world)
    assert statuses(world) == ["failed", "cancelled", "cancelled"]
    assert "no result after 50 s, which is the step's time limit" in result(world, "Parent", "r1")["error"]["message"]


def test_a_branch_that_fails_ends_the_flows_of_the_others(family: Callable[..., Any]) -> None:
    parent = {
        "start": {"next": {"open": "start"}},
        "sub": {"next": {"done": "start"}, "within": ["start"], **calls("Child")},
        "wait": {"next": {"step": "ill"}, "within": ["start"], **calls("Pause")},
        "ill": {"next": {"done": "start"}, "within": ["start"]},
        "join": {"next": {"step": "end"}, "joins": "start"},
        "end": END,
        "pools": {
            "start": {
                "kind": "branches",
                "branches": ["a", "b"],
                "first": ["sub", "wait"],
                "last": ["sub", "ill"],
                "join": "join",
                "concurrency": 2,
            }
        },
    }
    pause = {"start": {"next": {"step": "flaky"}}, "flaky": {"next": {"step": "end"}, "retry": retry(1, 20_000)}, "end": END}
    world = family(Parent=parent, Child=copy(SLOW_CHILD), Pause=pause)
    run(world)
    assert result(world, "Parent", "r1")["error"]["step"] == "ill"
    assert result(world, "Child", "r1-sub-t-0")["status"] == "cancelled"
    assert result(world, "Pause", "r1-wait-t-1")["status"] == "succeeded"
    assert world.sweeps == 0


def test_a_child_that_begins_after_it_was_cancelled_does_nothing(family: Callable[..., Any]) -> None:
    world = family(Parent=copy(PARENT), Child=copy(SLOW_CHILD))
    world.store.put(RunLayout("Child", "c1").cancelled, b"{}")
    run(world, "Child", "c1")
    assert result(world, "Child", "c1")["status"] == "cancelled"
    assert not world.store.list(RunLayout("Child", "c1").tasks_prefix)


def test_a_detached_flow_continues(family: Callable[..., Any]) -> None:
    parent = copy(PARENT)
    parent["sub"] = {"next": {"step": "ill"}, **calls("Child"), "call": {"flow": "Child", "detach": True}}
    parent["ill"] = {"next": {"step": "end"}}
    world = family(Parent=parent, Child=copy(SLOW_CHILD))
    run(world)
    assert result(world, "Parent", "r1")["status"] == "failed"
    assert result(world, "Child", "r1-sub-t")["status"] == "succeeded"


COSTLY = {"start": {"next": {"step": "broken_0"}}, "broken_0": {"next": {"step": "end"}}, "end": END}


def costly(family: Callable[..., Any], **more: Any) -> FaultyPlatform:
    """A parent whose child failed at a step that works from now on."""
    parent = {"start": {"next": {"open": "start"}}, "sub": {"next": {"done": "start"}, "within": ["start"], **calls("Child")}}
    parent |= {"join": {"next": {"step": "end"}, "joins": "start"}, "end": END}
    pool = {"kind": "foreach", "over": "items", "first": ["sub"], "last": ["sub"], "join": "join", "concurrency": 1}
    child = {
        "start": {"next": {"open": "start"}},
        "broken_0": {"next": {"done": "start"}, "within": ["start"]},
        "join": {"next": {"step": "end"}, "joins": "start"},
        "end": END,
    }
    child["pools"] = {"start": {**pool, "first": ["broken_0"], "last": ["broken_0"]}}
    world = family(Parent=parent | {"pools": {"start": pool}}, Child=child, **more)
    run(world)
    assert result(world, "Parent", "r1")["status"] == "failed"
    world.is_repaired = True
    return world


def test_a_resumed_run_resumes_the_run_of_its_step(family: Callable[..., Any]) -> None:
    world = costly(family)
    run(world, name="r2", resume="r1")
    assert result(world, "Parent", "r2")["status"] == "succeeded"
    child = RunLayout("Child", "r2-sub-t-0")
    assert world.store.get_json(child.run)["origin"] == {"run": "r1-sub-t-0"}
    assert world.store.get_json(child.commit("start", "t"))["origin"] == "Child/r1-sub-t-0/start/t"
    assert "origin" not in world.store.get_json(child.commit("broken_0", "t-0"))
    assert "origin" not in world.store.get_json(RunLayout("Child", "r2-sub-t-1").run)


@pytest.mark.parametrize("changed", ["given", "from", "gone"])
def test_it_starts_afresh_where_that_would_not_be_the_same(family: Callable[..., Any], changed: str) -> None:
    world = costly(family)
    layout = RunLayout("Parent", "r1")
    if changed == "given":
        key = layout.child("sub", "t-0", 0)
        world.store.put(key, b'{"flow":"Child","run":"r1-sub-t-0","given":"other"}')
    if changed == "gone":
        for key in world.store.list(RunLayout("Child", "r1-sub-t-0").run_prefix):
            world.store.delete(key)
    run(world, name="r2", resume="r1", **({"from": "sub"} if changed == "from" else {}))
    assert result(world, "Parent", "r2")["status"] == "succeeded"
    assert "origin" not in world.store.get_json(RunLayout("Child", "r2-sub-t-0").run)


def test_a_run_that_was_cancelled_with_its_parent_is_resumed_once_it_has_ended(family: Callable[..., Any]) -> None:
    world = family(**{flow: copy(steps) for flow, steps in GRANDCHILDREN.items()})
    world.meanwhile(60, lambda: world.cancel("Parent", "r1"))
    world.fault = lambda call, operation, key: "lost" if operation == "start" and world.clock.now() > world.began + 50 else None
    world.began = world.clock.now()
    run(world)
    assert result(world, "Child", "r1-sub-t") is None, "the call that ends it was lost"
    world.fault = lambda *call: None
    run(world, name="r2", resume="r1")
    assert result(world, "Child", "r1-sub-t")["status"] == "cancelled"
    assert result(world, "Parent", "r2")["status"] == "succeeded"
    assert world.store.get_json(RunLayout("Child", "r2-sub-t").run)["origin"] == {"run": "r1-sub-t"}


def test_a_child_starts_nothing_but_conductors(family: Callable[..., Any]) -> None:
    world = family(Child=copy(SLOW_CHILD))
    forged = b'{"action":"guest/delete-everything","envelope":{"run":"r1"}}'
    world.store.put(RunLayout("Child", "c1").parent, forged)
    run(world, "Child", "c1")
    assert result(world, "Child", "c1")["status"] == "succeeded"
    assert calls_of(world, "start") == []
