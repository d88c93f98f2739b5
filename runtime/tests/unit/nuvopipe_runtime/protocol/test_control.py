"""Loops, attempts, failures and called flows, in pools and under loss."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

pytestmark = pytest.mark.slow

if TYPE_CHECKING:
    from collections.abc import Callable

    from nuvopipe_testing.one_flow import OneFlow
    from tests.fixture_types import MakeFlow


FLOW = """
    from metaflow import FlowSpec, current, retry, step

    class F(FlowSpec):
        _EPHEMERAL = FlowSpec._EPHEMERAL | {"_case"}

        @step
        def start(self):
            self.items = [1, 2, 3]
            self.next(self.enter, foreach="items")

        @step
        def enter(self):
            self.log = []
            self.next(self.first)

        @step
        def first(self):
            self.log = self.log + [self.input]
            self.next(self.second)

        @retry(times=2, minutes_between_retries=0)
        @step
        def second(self):
            if current.retry_count < self.input - 1:
                raise ConnectionError("refused")
            self.log = self.log + [-self.input]
            self._case = "turn" if len(self.log) < 2 * self.input else "done"
            self.next({"turn": self.first, "done": self.leave}, condition="_case")

        @step
        def leave(self):
            self.next(self.join)

        @step
        def join(self, inputs):
            self.logs = [i.log for i in inputs]
            self.next(self.end)

        @step
        def end(self):
            pass

    if __name__ == "__main__":
        F()
    """
RETRY = {"times": 2, "backoffMs": 60_000, "factor": 2, "maxMs": 300_000, "jitter": 0, "on": []}
STEPS = {
    "start": {"next": {"open": "start"}},
    "enter": {"next": {"step": "first"}, "within": ["start"]},
    "first": {"next": {"step": "second"}, "within": ["start", "until first"], "block": "b2"},
    "second": {
        "next": {"choose": ["first", "leave"]},
        "within": ["start", "until first"],
        "block": "b2",
        "retry": RETRY,
        "timeoutMs": 1000,
    },
    "leave": {"next": {"done": "start"}, "within": ["start"]},
    "join": {"next": {"step": "end"}, "joins": "start"},
    "end": {"next": {"end": True}},
}
POOL = {
    "kind": "foreach",
    "over": "items",
    "first": ["enter"],
    "last": ["leave"],
    "join": "join",
    "concurrency": 3,
}
LOGS = {"logs": [[1, -1], [2, -2] * 2, [3, -3] * 3]}


@pytest.fixture
def looping(platform: MakeFlow) -> Callable[[], OneFlow]:
    plan = {"start": "start", "end": "end", "outputs": ["logs"], "loops": {"until first": {"first": "first"}}}
    return lambda: platform(FLOW, STEPS, {"start": POOL}, **plan)


def executed(p: OneFlow, step: str) -> list[Any]:
    return [(tuple(e["at"]), e.get("attempt", 0)) for e in p.log if e.get("step") == step]


def test_every_turn_and_attempt_is_executed_once(looping: Callable[[], OneFlow]) -> None:
    p = looping()
    p.invoke()
    assert p.result()["outputs"] == LOGS
    wanted = [((0, 0), 0)]
    wanted += [((1, turn), attempt) for turn in range(2) for attempt in range(2)]
    wanted += [((2, turn), attempt) for turn in range(3) for attempt in range(3)]
    # A pause of a minute is longer than this step's lease, but no session takes the item over.
    assert sorted(executed(p, "second")) == wanted
    assert p.clock.skipped > 3 * (60 + 120)
    failed = [key.split("/tasks/")[1] for key in p.keys("/failed-")]
    assert len(failed) == 2 * 1 + 3 * 2
    assert "second/t-2-1/failed-1" in failed


@pytest.mark.parametrize("lost", range(4, 31, 5))
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_lost_lane_is_replaced(looping: Callable[[], OneFlow], lost: int, when: str) -> None:
    p = looping()
    dropped = []

    def drop(number: int, envelope: dict[str, Any]) -> str | None | None:
        # While only the first session exists, no guard watches it.
        if number >= lost and not dropped and "home" not in envelope and envelope.get("guard") is None and envelope["at"]:
            dropped.append(envelope)
            return "drop"

    setattr(p, when, drop)
    p.invoke()
    assert p.result() and p.result()["outputs"] == LOGS, dropped
    commits = p.keys("/commit")
    assert len(commits) == len(set(commits))


FORK_IN_LOOP = """
    from metaflow import FlowSpec, step

    class F(FlowSpec):
        _EPHEMERAL = FlowSpec._EPHEMERAL | {"_case"}

        @step
        def start(self):
            self.items = [1, 2]
            self.next(self.each, foreach="items")

        @step
        def each(self):
            self.log = []
            self.next(self.first)

        @step
        def first(self):
            self.next(self.left, self.right)

        @step
        def left(self):
            self.next(self.meet)

        @step
        def right(self):
            self.next(self.meet)

        @step
        def meet(self, inputs):
            self.log = inputs.left.log + ["met"]
            self.next(self.decide)

        @step
        def decide(self):
            turns = getattr(self, "_turns", {}).get("while first", 0) + 1
            self._turns = {"while first": turns}
            self._case = "turn" if turns < 3 else "done"
            self.next({"turn": self.first, "done": self.leave}, condition="_case")

        @step
        def leave(self):
            self.next(self.join)

        @step
        def join(self, inputs):
            self.logs = [i.log for i in inputs]
            self.next(self.end)

        @step
        def end(self):
            pass

    if __name__ == "__main__":
        F()
    """
FORK_STEPS = {
    "start": {"next": {"open": "start"}},
    "each": {"next": {"step": "first"}, "within": ["start"]},
    "first": {"next": {"open": "first"}, "within": ["start", "while first"]},
    "left": {"next": {"done": "first"}, "within": ["start", "while first", "first"]},
    "right": {"next": {"done": "first"}, "within": ["start", "while first", "first"]},
    "meet": {"next": {"step": "decide"}, "within": ["start", "while first"], "joins": "first"},
    "decide": {"next": {"choose": ["first", "leave"]}, "within": ["start", "while first"]},
    "leave": {"next": {"done": "start"}, "within": ["start"]},
    "join": {"next": {"step": "end"}, "joins": "start"},
    "end": {"next": {"end": True}},
}
FORK_LOGS = {"logs": [["met"] * 3] * 2}


@pytest.fixture
def forking(platform: MakeFlow) -> Callable[[], OneFlow]:
    sides = {"kind": "branches", "branches": ["left", "right"], "first": ["left", "right"], "last": ["left", "right"]}
    pools = {
        "start": {**POOL, "first": ["each"], "last": ["leave"]},
        "first": {**sides, "join": "meet", "concurrency": 1},
    }
    loops = {"while first": {"first": "first", "max": 3}}
    return lambda: platform(FORK_IN_LOOP, FORK_STEPS, pools, start="start", end="end", outputs=["logs"], loops=loops)


def test_a_join_in_a_loop_does_not_make_its_turns_uncounted(forking: Callable[[], OneFlow]) -> None:
    p = forking()
    p.invoke()
    assert p.result()["outputs"] == FORK_LOGS


@pytest.mark.parametrize("turn", range(3))
@pytest.mark.parametrize("step", ["meet", "decide", "leave"])
def test_a_lane_lost_after_a_join_of_its_item_is_replaced(forking: Callable[[], OneFlow], step: str, turn: int) -> None:
    """The session that takes the item over finds pools that were already joined, and continues after them."""
    p = forking()
    dropped = []

    def drop(number: int, envelope: dict[str, Any]) -> str | None | None:
        if envelope.get("step") == step and envelope["at"] in ([1, turn], [1]) and not dropped:
            dropped.append(number)
            return "drop"

    p.before = drop
    p.invoke()
    assert dropped
    assert p.result() and p.result()["outputs"] == FORK_LOGS


def test_attempts_are_counted_on_after_a_take_over(looping: Callable[[], OneFlow]) -> None:
    p = looping()
    dropped = []

    def drop(number: int, envelope: dict[str, Any]) -> str | None | None:
        if envelope.get("attempt") == 1 and envelope["at"] == [2, 0] and not dropped:
            dropped.append(number)
            return "drop"

    p.before = drop
    p.invoke()
    assert p.result()["outputs"] == LOGS
    assert executed(p, "second").count(((2, 0), 0)) == 2  # the second time, the recorded attempt is found and counted
    records = [p.store.get_json(key) for key in p.keys("second/t-2-0/")]
    assert sorted(record["attempt"] for record in records) == [0, 1, 2]


FAILING = """
    from metaflow import FlowSpec, step
    import metaflow

    class F(FlowSpec):
        @step
        def start(self):
            self.items = [1, 2, 3]
            self.next(self.each, foreach="items")

        @step
        def each(self):
            if self.input:
                raise ValueError(self.input)
            self.next(self.join)

        @step
        def join(self, inputs):
            self.next(self.end)

        @step
        def end(self):
            pass

        def tell(self):
            self.told = [self.failure["step"]]

        def tell_more(self):
            self.told = self.told + ["more"]

    if __name__ == "__main__":
        F()
    """
FAILING_STEPS = {
    "start": {"next": {"open": "start"}},
    "each": {"next": {"done": "start"}, "within": ["start"]},
    "join": {"next": {"step": "end"}, "joins": "start"},
    "end": {"next": {"end": True}},
    "tell": {"next": {"step": "tell_more"}},
    "tell_more": {"next": {"handled": True}},
}


def failing(platform: MakeFlow, **pool: Any) -> OneFlow:
    pool = POOL | {"first": ["each"], "last": ["each"]} | pool
    return platform(FAILING, FAILING_STEPS, {"start": pool}, start="start", end="end", onFailure="tell")


def test_what_follows_a_failure_runs_once(platform: MakeFlow) -> None:
    p = failing(platform)
    p.invoke()
    assert p.result()["status"] == "failed"
    assert p.result()["onFailure"] == {"status": "succeeded"}
    assert p.result()["error"]["step"] == "each"
    assert len(executed(p, "tell")) == len(executed(p, "tell_more")) == 1


def test_it_is_entered_again_where_it_stopped(platform: MakeFlow) -> None:
    p = failing(platform)
    kept = []

    def drop(number: int, envelope: dict[str, Any]) -> str | None | None:
        if envelope.get("step") == "tell_more" and not kept:
            kept.append(envelope)
            return "drop"

    p.before = drop
    p.invoke()
    assert p.result() is None
    # Enter the first handler again, like a sweeper.
    p.run_session({"run": "r1", "block": "b1", "step": "tell", "at": [], "again": True})
    assert p.result()["onFailure"] == {"status": "succeeded"}
    assert len(p.keys("tell/t/commit")) == 1


def test_a_pool_in_which_too_few_succeed_fails_once(platform: MakeFlow) -> None:
    p = failing(platform, minSuccess={"count": 1})
    p.invoke()
    assert "0 of 3 items succeeded" in p.result()["error"]["message"]
    assert len(p.keys("/failed/")) == 3
    assert len(executed(p, "tell")) == 1


CALLING = """
    from metaflow import FlowSpec, step

    def _with_other(self):
        return {"n": self.n}

    def _start_flow(step, flow, arguments, detach=False):
        raise RuntimeError("not here")

    class F(FlowSpec):
        @step
        def start(self):
            self.n = 4
            self.next(self.other)

        @step
        def other(self):
            self.answer = _start_flow("other", "Other", _with_other(self))
            self.next(self.end)

        @step
        def end(self):
            pass

    if __name__ == "__main__":
        F()
    """


def calling(platform: MakeFlow, **call: Any) -> OneFlow:
    steps = {
        "start": {"next": {"step": "other"}},
        "other": {"next": {"step": "end"}, "call": {"flow": "Other", "detach": False, **call}},
        "end": {"next": {"end": True}},
    }
    return platform(CALLING, steps, start="start", end="end", outputs=["answer"])


def test_a_flow_whose_start_is_lost_is_started_again(platform: MakeFlow) -> None:
    p = calling(platform)
    started, begun = [], p.clock.now()
    finish = p.start

    def start(flow: str, arguments: dict[str, Any]) -> None:
        started.append((flow, arguments))
        if len(started) == 2:
            finish(flow, arguments)

    p.start = start
    p.result_of = lambda envelope, arguments: {
        "status": "succeeded",
        "outputs": {"m": json.loads(arguments["parameters-json"])["n"] ** 2},
    }
    p.invoke()
    assert p.result()["outputs"] == {"answer": {"m": 16}}
    assert started == [("Other", {"parameters-stored": True, "run": "r1-other-t", "wait": 0})] * 2
    assert p.clock.now() - begun < 60


def test_a_flow_that_never_begins_is_given_up(platform: MakeFlow) -> None:
    p = calling(platform)
    started, begun = [], p.clock.now()
    p.start = lambda flow, arguments: started.append(arguments.get("run", arguments))
    p.invoke()
    assert "the flow Other was started but has not begun" in p.result()["error"]["message"]
    assert started == [*["r1-other-t"] * 3, {"cancel": "r1-other-t"}]
    assert p.clock.now() - begun < 1800


def test_arguments_that_a_flow_refuses_fail_the_calling_step(platform: MakeFlow) -> None:
    p = calling(platform)
    other = platform(CALLING, {"start": {"next": {"end": True}}}, start="start", end="start", outputs=[])
    other.plan.flow, other.store = "Other", p.store
    block = other.plan.block("start")

    def start(flow: str, arguments: dict[str, Any]) -> None:
        if "cancel" in arguments:
            return
        run = arguments.pop("run")
        first = {"run": run, "block": block, "step": "start", "at": [], "home": True}
        other.run_session({**first, "answerWithin": arguments.pop("wait"), "params": arguments})

    p.start = start
    p.invoke()
    message = p.result()["error"]["message"]
    assert 'the flow Other failed: the flow has no parameter "n"' in message


@pytest.mark.parametrize("refusal", ["there is no such flow in this namespace", "HTTP 403"])
def test_a_flow_that_cannot_be_started_fails_its_step(platform: MakeFlow, refusal: str) -> None:
    p = calling(platform)
    p.start = lambda flow, arguments: refusal
    p.invoke()
    assert refusal in p.result()["error"]["message"]


def test_a_busy_platform_is_asked_again(platform: MakeFlow) -> None:
    p = calling(platform)
    asked = []
    taken = p.start

    def start(flow: str, arguments: dict[str, Any]) -> Any:
        asked.append(p.clock.now())
        return "busy" if len(asked) < 3 else taken(flow, arguments)

    p.start = start
    p.result_of = lambda envelope, arguments: {"status": "succeeded", "outputs": {}}
    p.invoke()
    assert p.result()["outputs"] == {"answer": {}}
    assert len(asked) == 3 and asked[-1] - asked[0] > 60


def test_a_loop_pauses_between_its_turns_outside_of_any_container(platform: MakeFlow) -> None:
    loops = {"until first": {"first": "first", "pauseMs": 600_000}}
    p = platform(FLOW, STEPS, {"start": POOL}, start="start", end="end", outputs=["logs"], loops=loops)
    before = p.clock.now()
    assert p.invoke()["run"] == "r1"
    assert p.result()["outputs"] == LOGS
    # The longest item has three turns.
    assert 1_200 <= p.clock.now() - before < 1_800


def test_a_resumed_loop_does_not_pause_again_between_turns_that_it_takes_over(platform: MakeFlow) -> None:
    loops = {"until first": {"first": "first", "pauseMs": 600_000}}
    p = platform(FLOW, STEPS, {"start": POOL}, start="start", end="end", outputs=["logs"], loops=loops)
    p.invoke()
    before = p.clock.now()
    start = p.plan.start
    entry = {"run": "r2", "block": p.plan.block(start), "step": start, "at": [], "home": True, "params": {}, "origin": ["r1"]}
    p.run_session(entry)
    assert p.result("r2")["status"] == "succeeded"
    assert p.clock.now() - before < 600
