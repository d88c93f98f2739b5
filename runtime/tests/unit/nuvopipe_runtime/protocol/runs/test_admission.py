"""Runs of a flow that limits how many execute at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from nuvopipe_runtime.contract.layout import RunLayout, flow_slots_prefix, queue_prefix, slot_key
from nuvopipe_runtime.store import to_json
from tests.unit.nuvopipe_runtime.protocol.test_session import LINEAR, LINEAR_PLAN, LINEAR_STEPS

if TYPE_CHECKING:
    from nuvopipe_testing.one_flow import OneFlow
    from tests.fixture_types import MakeFlow


def flow_with(platform: MakeFlow, beyond: str, at_once: int = 1) -> OneFlow:
    return platform(LINEAR, LINEAR_STEPS, **{**LINEAR_PLAN, "runs": {"atOnce": at_once, "beyond": beyond}})


def executing(p: OneFlow, run: str, created: int = 1_000, slot: int = 0) -> RunLayout:
    """Another run that holds a slot."""
    layout = RunLayout("F", run)
    p.store.put(layout.live, b"{}")
    p.store.put(layout.run, to_json({"run": run, "created": created, "bundle": p.plan.hash}))
    p.store.put(slot_key("F", slot), to_json({"run": run}))
    return layout


def ends(p: OneFlow, layout: RunLayout) -> None:
    p.store.put(layout.result, to_json({"run": layout.run_id, "status": "succeeded"}))
    p.store.delete(layout.live)


def holder(p: OneFlow, slot: int = 0) -> str:
    return p.store.get_json(slot_key("F", slot))["run"]


def test_a_run_takes_a_slot_and_the_next_one_takes_it_over(platform: MakeFlow) -> None:
    p = flow_with(platform, "queue")
    assert p.invoke("r1")["status"] == "succeeded"
    assert holder(p) == "r1"
    assert p.invoke("r2")["status"] == "succeeded"
    assert holder(p) == "r2"


def test_a_run_waits_in_the_queue_until_another_one_is_over(platform: MakeFlow) -> None:
    p = flow_with(platform, "queue")
    other = executing(p, "r0")
    looks = []

    def before(number: int, envelope: dict[str, Any]) -> None:
        looks.append(p.clock.now())
        if len(looks) == 6:
            assert p.store.get_json(RunLayout("F", "r1").waiting)["reason"] == "r0 is executing"
            ends(p, other)

    p.before = before
    p.invoke("r1")
    assert p.result("r1")["status"] == "succeeded"
    assert holder(p) == "r1"
    assert p.store.list(queue_prefix("F")) == []
    assert len(looks) < 20


def test_the_first_in_the_queue_goes_first_and_lost_ones_are_passed_over(platform: MakeFlow) -> None:
    p = flow_with(platform, "queue")
    p.store.put(RunLayout("F", "gone").ticket(1), b"{}")
    p.store.put(RunLayout("F", "earlier").ticket(2), b"{}")
    p.store.put(RunLayout("F", "earlier").live, b"{}")
    seen = []

    def before(number: int, envelope: dict[str, Any]) -> None:
        seen.append(number)
        if len(seen) == 4:
            assert p.store.list(flow_slots_prefix("F")) and not p.store.exists(slot_key("F", 0))
            ends(p, RunLayout("F", "earlier"))

    p.before = before
    p.invoke("r1")
    assert p.result("r1")["status"] == "succeeded"
    assert p.store.list(queue_prefix("F")) == []


def test_as_many_runs_execute_at_once_as_the_flow_says(platform: MakeFlow) -> None:
    p = flow_with(platform, "skip", at_once=2)
    executing(p, "r0")
    assert p.invoke("r1")["status"] == "succeeded"
    executing(p, "ra", slot=1)
    assert p.invoke("r2")["status"] == "cancelled"


def test_a_run_is_skipped_while_another_one_executes(platform: MakeFlow) -> None:
    p = flow_with(platform, "skip")
    executing(p, "r0")
    assert p.invoke("r1") == {"run": "r1", "status": "cancelled", "note": "skipped: r0 is executing"}
    assert not p.store.exists(RunLayout("F", "r1").live)
    assert p.keys("tasks/start", "r1") == []


def test_a_run_has_earlier_ones_cancelled_and_takes_their_place(platform: MakeFlow) -> None:
    p = flow_with(platform, "cancel")
    other = executing(p, "r0")
    asked = []

    def start(action: str, arguments: dict[str, Any]) -> None:
        asked.append((action, arguments))
        ends(p, other)

    p.start = start
    p.invoke("r1")
    assert p.result("r1")["status"] == "succeeded"
    assert asked == [("F.steps/flow-00000000", {"cancel": "r0"})]


def test_a_run_gives_way_to_a_later_one(platform: MakeFlow) -> None:
    p = flow_with(platform, "cancel")
    executing(p, "later", created=10**15)
    assert p.invoke("r1")["note"] == "skipped: later is executing"


@pytest.mark.parametrize("beyond", ["queue", "cancel"])
def test_the_time_in_the_queue_counts_for_the_runs_own_limit(platform: MakeFlow, beyond: str) -> None:
    plan = {**LINEAR_PLAN, "runs": {"atOnce": 1, "beyond": beyond}, "timeoutMs": 60_000}
    p = platform(LINEAR, LINEAR_STEPS, **plan)
    executing(p, "r0")
    p.start = lambda *_: None
    p.invoke("r1")
    assert p.result("r1")["error"]["message"] == "the flow was ended after its time limit of 60 s"
    assert holder(p) == "r0"
