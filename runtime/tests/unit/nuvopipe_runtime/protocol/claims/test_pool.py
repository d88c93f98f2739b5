"""Pools and lanes under loss, refusal and repetition. The invariants I1 to I7 are those of `docs/architecture.md`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from nuvopipe_runtime.contract.layout import RunLayout
from nuvopipe_runtime.protocol.claims.pool import _middle_of_longest_run
from tests.unit.nuvopipe_runtime.protocol.test_session import foreach

if TYPE_CHECKING:
    from nuvopipe_testing.one_flow import OneFlow
    from nuvopipe_testing.platform import DeployedFlow
    from tests.fixture_types import MakeFlow


NESTED = """
    from metaflow import FlowSpec, step

    class F(FlowSpec):
        @step
        def start(self):
            self.outer = ["x", "y", "z"]
            self.next(self.each, foreach="outer")

        @step
        def each(self):
            self.letter = self.input
            self.next(self.left, self.right)

        @step
        def left(self):
            self.inner = [1, 2, 3, 4]
            self.next(self.deep, foreach="inner")

        @step
        def deep(self):
            self.word = self.letter + str(self.input)
            self.next(self.gather)

        @step
        def gather(self, inputs):
            self.words = [i.word for i in inputs]
            self.next(self.meet)

        @step
        def right(self):
            self.words = [self.letter.upper()]
            self.next(self.meet)

        @step
        def meet(self, inputs):
            self.words = [word for i in inputs for word in i.words]
            self.next(self.all)

        @step
        def all(self, inputs):
            self.words = [i.words for i in inputs]
            self.next(self.end)

        @step
        def end(self):
            pass

    if __name__ == "__main__":
        F()
    """
NESTED_STEPS = {
    "start": {"next": {"open": "start"}},
    "each": {"next": {"open": "each"}, "within": ["start"]},
    "left": {"next": {"open": "left"}, "within": ["start", "each"]},
    "deep": {"next": {"done": "left"}, "within": ["start", "each", "left"]},
    "gather": {"next": {"done": "each"}, "within": ["start", "each"], "joins": "left"},
    "right": {"next": {"done": "each"}, "within": ["start", "each"], "profile": "other"},
    "meet": {"next": {"done": "start"}, "within": ["start"], "joins": "each"},
    "all": {"next": {"step": "end"}, "joins": "start"},
    "end": {"next": {"end": True}},
}
NESTED_RESULT = {"words": [[f"{c}{i}" for i in (1, 2, 3, 4)] + [c.upper()] for c in "xyz"]}


def nested(platform: MakeFlow, concurrency: int = 3) -> OneFlow:
    each = {"kind": "foreach", "concurrency": concurrency}
    return platform(
        NESTED,
        NESTED_STEPS,
        {
            "start": {**each, "over": "outer", "first": ["each"], "last": ["meet"], "join": "all"},
            "each": {
                "kind": "branches",
                "branches": ["left", "right"],
                "first": ["left", "right"],
                "last": ["gather", "right"],
                "join": "meet",
                "concurrency": 2,
            },
            "left": {**each, "over": "inner", "first": ["deep"], "last": ["deep"], "join": "gather"},
        },
        start="start",
        end="end",
        outputs=["words"],
    )


def executions(p: OneFlow, step: str) -> list[Any]:
    """Counts executions of a step by coordinate, from the envelopes that named it."""
    return [tuple(e.get("at", [])) for e in p.log if e.get("step") == step]


def joins_of(p: OneFlow) -> list[str]:
    return [key for key in p.keys("pools/") if key.endswith("/join")]


def test_nested_both_ways(platform: MakeFlow) -> None:
    p = nested(platform)
    p.invoke()
    assert p.result()["outputs"] == NESTED_RESULT


def test_i4_a_refused_launch_only_means_fewer_lanes(platform: MakeFlow) -> None:
    p = nested(platform)
    p.refuse = lambda envelope: True
    assert p.invoke()["outputs"] == NESTED_RESULT


def test_i4_a_long_run_waits_for_the_platform_to_take_its_continuation(platform: MakeFlow) -> None:
    p = foreach(platform, 60, 1)
    refused = []

    def refuse(envelope: dict[str, Any]) -> bool:
        refused.append(envelope)
        return len(refused) <= 4

    p.refuse = refuse
    p.invoke()
    assert p.result()["outputs"]["squares"][-1] == 59 * 59
    assert any(envelope.get("used", 0) >= 46 for envelope in p.log)


def test_a_run_records_since_when_it_waits_for_the_platform(platform: MakeFlow) -> None:
    p = foreach(platform, 60, 1)
    refused, told = [], []

    def refuse(envelope: dict[str, Any]) -> bool:
        refused.append(p.clock.now_ms())
        return len(refused) <= 5

    p.refuse = refuse
    put = p.store.put

    def see(key: str, data: bytes, *more: Any) -> Any:
        if key.endswith("/waiting"):
            told.append(json.loads(data)["since"])
        return put(key, data, *more)

    p.store.put = see
    p.invoke()
    # It was refused in three components; after the third, its conductor asks again.
    assert len(told) == 4
    assert refused[2] <= told[2] <= told[3] <= refused[3]
    assert refused[4] - refused[3] > 1_000


def test_i5_the_envelope_stays_small(platform: MakeFlow) -> None:
    p = nested(platform)
    p.invoke()
    assert max(len(json.dumps(envelope)) for envelope in p.log) < 300


def test_i3_a_lane_lost_in_the_middle_of_an_item(platform: MakeFlow) -> None:
    """Only the claim of the item exists. The guard takes it over when the lease has expired."""
    p = foreach(platform, 6, 3)

    def before(number: int, envelope: dict[str, Any]) -> str | None | None:
        if envelope.get("claim") and envelope["at"] == [2]:
            claim = {"by": "lost", "expires": p.clock.now_ms() + 45_000}
            p.store.create(RunLayout("F", "r1").pool_claim("start", "t", 2), json.dumps(claim).encode())
            return "drop"

    p.before = before
    p.invoke()
    assert p.result()["outputs"] == {"squares": [0, 1, 4, 9, 16, 25]}
    assert p.clock.skipped >= 45


@pytest.mark.parametrize("wanted", range(1, 7))
def test_i3_a_lane_lost_after_any_of_its_components_while_another_lives(platform: MakeFlow, wanted: int) -> None:
    """The answer of one component of a lane never reaches the conductor, so no session works on the item that it claimed."""
    p = foreach(platform, 6, 3)
    answered = []

    def after(number: int, envelope: dict[str, Any]) -> Any:
        if envelope.get("step") == "body" and not envelope.get("home"):
            answered.append(number)
            return "drop" if len(answered) == wanted else None

    p.after = after
    p.invoke()
    assert p.result()["outputs"] == {"squares": [0, 1, 4, 9, 16, 25]}
    commits = [key for key in p.keys("/commit") if "/body/" in key]
    assert len(commits) == 6
    assert len(joins_of(p)) == 1


def test_i7_every_session_launched_twice(platform: MakeFlow) -> None:
    p = nested(platform)
    once = p.launch

    def twice(flow: DeployedFlow, envelope: dict[str, Any]) -> Any:
        once(flow, envelope)
        return once(flow, envelope)

    p.launch = twice
    p.invoke()
    assert p.result()["outputs"] == NESTED_RESULT
    # One join per inner foreach, one per pair of branches, and one for the outer foreach.
    assert len(joins_of(p)) == 3 + 3 + 1
    assert len(executions(p, "all")) == 1


def test_i1_of_two_attempts_one_is_committed(platform: MakeFlow) -> None:
    """A second session enters a running task: both execute it, one record counts, and the other session stops."""
    p = foreach(platform, 3, 1)
    p.invoke()
    before = p.store.get(RunLayout("F", "r1").commit("join", "t"))[0]
    answer = p.run_session({"run": "r1", "block": "b1", "step": "join", "at": []})
    assert answer["status"] == "running"
    assert p.store.get(RunLayout("F", "r1").commit("join", "t"))[0] == before


def test_i2_the_join_sees_every_item_and_is_claimed_once(platform: MakeFlow) -> None:
    p = foreach(platform, 20, 5)
    p.invoke()
    assert p.result()["outputs"]["squares"] == [i * i for i in range(20)]
    assert len(executions(p, "join")) == 1


@pytest.mark.parametrize("items", [1, 2, 3])
def test_more_lanes_than_items(platform: MakeFlow, items: int) -> None:
    p = foreach(platform, items, 10)
    p.invoke()
    assert p.result()["outputs"]["squares"] == [i * i for i in range(items)]
    assert p.launches <= items


def test_a_run_started_twice_is_one_run(platform: MakeFlow) -> None:
    p = foreach(platform, 2, 1)
    first = p.invoke()
    components = p.components
    assert p.invoke() == first
    assert p.components == components + 1


def test_a_failure_stops_every_lane(platform: MakeFlow) -> None:
    p = foreach(platform, 8, 2)
    flow = (p.plan.directory, "flow.py")
    text = open("/".join(flow)).read().replace("self.input ** 2", "1 // (self.input - 1)")
    open("/".join(flow), "w").write(text)
    answer = p.invoke()
    assert p.result()["status"] == "failed"
    assert "ZeroDivisionError" in p.result()["error"]["message"]
    assert p.result()["error"]["task"] == "F/r1/body/t-1"
    assert answer["status"] == "failed"


@pytest.mark.parametrize(
    ("free", "item"),
    [([5], 5), ([0, 1, 2, 3], 2), ([1, 7, 8, 9, 20], 8), ([0, 2, 4], 0), ([3, 4, 10, 11, 12, 13], 12)],
)
def test_a_lane_that_collides_goes_where_it_has_most_room(free: list[int], item: int) -> None:
    assert _middle_of_longest_run(free) == item


def test_a_crash_between_commit_and_metaflows_files_is_made_good_by_entering_again(platform: MakeFlow) -> None:
    p = foreach(platform, 2, 1)
    p.invoke()
    files = [key for key in p.store.list("F/r1/body/t-0/")]
    for key in [*files, *p.keys("result.json")]:
        p.store.delete(key)
    p.run_session({"run": "r1", "block": "b1", "step": "body", "at": [0], "again": True})
    assert sorted(p.store.list("F/r1/body/t-0/")) == sorted(files)


@pytest.mark.parametrize("part", ["run.json", "/claims/", "/commit", "/join"])
def test_a_put_whose_first_answer_was_lost_finds_its_own_object(platform: MakeFlow, part: str) -> None:
    """The store's client repeats the PUT and finds its own object."""
    p = foreach(platform, 3, 2)
    create = p.store.create
    repeated = []

    def create_twice(key: str, data: bytes) -> None:
        create(key, data)
        if part in key:
            repeated.append(key)
            create(key, data)

    p.store.create = create_twice
    assert p.invoke()["status"] in ("succeeded", "running")
    assert p.result()["outputs"] == {"squares": [0, 1, 4]}
    assert repeated


def test_i3_the_join_is_lost_after_every_lane_has_ended(platform: MakeFlow) -> None:
    """Both lanes find all items done at once. The one that claimed the join dies; the other has become the guard."""
    p = foreach(platform, 2, 2)
    lost = []

    def before(number: int, envelope: dict[str, Any]) -> str | None | None:
        if envelope.get("step") == "join" and not lost:
            lost.append(number)
            return "drop"

    p.before = before
    p.invoke()
    assert lost
    assert p.result()["outputs"] == {"squares": [0, 1]}
