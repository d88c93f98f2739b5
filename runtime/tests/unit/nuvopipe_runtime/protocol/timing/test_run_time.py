"""A flow's time limit: a run that exceeds it fails wherever it is, and `onFailure` runs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from nuvopipe_runtime.protocol.related_runs.launches import BUSY

pytestmark = pytest.mark.slow

if TYPE_CHECKING:
    from collections.abc import Callable

    from nuvopipe_testing.one_flow import OneFlow
    from tests.fixture_types import MakeFlow


FLOW = """
    import time
    import metaflow
    from metaflow import FlowSpec, Parameter, catch, step

    def _with_ask(self):
        return {}

    def _invoke(step, action, arguments):
        raise RuntimeError("not here")

    def _start_flow(step, flow, arguments, detach=False):
        raise RuntimeError("not here")

    class F(FlowSpec):
        how = Parameter("how", default="")

        @step
        def start(self):
            self.items = [1, 2, 3]
            self.next(self.ask)

        @catch(var="problem")
        @step
        def ask(self):
            exec(self.how)
            self.next(self.end)

        @step
        def end(self):
            pass

        def tell(self):
            time.sleep(0.1)
            self.told = self.failure

        def tell_more(self):
            self.told = dict(self.told, more=True)

    if __name__ == "__main__":
        F()
    """
STEPS = {
    "start": {"next": {"step": "ask"}},
    "ask": {"next": {"step": "end"}},
    "end": {"next": {"end": True}},
    "tell": {"next": {"step": "tell_more"}},
    "tell_more": {"next": {"handled": True}},
}
RETRY = {"times": 4, "backoffMs": 60_000, "factor": 1, "maxMs": 60_000, "jitter": 0, "on": []}
LIMIT_S = 3
LATE_MAX_S = 5
MESSAGE = f"the flow was ended after its time limit of {LIMIT_S} s"


@pytest.fixture
def timed(platform: MakeFlow) -> Callable[..., OneFlow]:
    """Returns `timed(**ask)` for a flow with a time limit of three seconds; `ask` changes the step of that name."""

    def make(flow: Any = FLOW, pools: dict[str, Any] | None = None, steps: dict[str, Any] = STEPS, **ask: Any) -> OneFlow:
        steps = {**steps, "ask": {**steps["ask"], **ask}}
        plan = {"start": "start", "end": "end", "onFailure": "tell", "timeoutMs": LIMIT_S * 1000}
        parameters = {"how": {"type": "string", "default": "", "required": False}}
        p = platform(flow, steps, pools, parameters=parameters, **plan)
        p.began = p.clock.now()
        return p

    return make


def assert_ended_late(p: OneFlow, step: str = "ask") -> None:
    assert p.result()["error"].get("step") == step
    assert p.result()["error"]["message"] == MESSAGE
    assert p.result()["onFailure"] == {"status": "succeeded"}
    assert LIMIT_S <= p.clock.now() - p.began < LIMIT_S + LATE_MAX_S
    assert [key.split("/")[-3:-1] for key in p.keys("tell")] == [["tell", "t"], ["tell_more", "t"]]


def test_a_step_is_ended_and_not_caught(timed: Callable[..., OneFlow]) -> None:
    p = timed(catches=True, retry=RETRY)
    p.invoke(how="time.sleep(30)")
    assert_ended_late(p)
    log = p.store.get("F/r1/ask/t/0.task_stderr.log")[0].decode()
    assert MESSAGE in log and "the step was ended" not in log


def test_a_steps_own_limit_is_reported_as_such(timed: Callable[..., OneFlow]) -> None:
    p = timed(timeoutMs=200)
    p.invoke(how="time.sleep(30)")
    assert p.result()["error"]["message"] == "the step was ended after its time limit of 0.2 s"


def test_a_pause_is_cut_short(timed: Callable[..., OneFlow]) -> None:
    p = timed(retry=RETRY)
    p.invoke(how="raise ValueError('first')")
    assert_ended_late(p)
    assert p.store.get_json(p.keys("failed-0")[0])["error"].startswith("ValueError: first")


def test_so_is_the_wait_for_a_flow(timed: Callable[..., OneFlow]) -> None:
    p = timed(call={"flow": "Other", "detach": False})
    p.start = lambda flow, arguments: None
    p.invoke()
    assert_ended_late(p)


def test_so_is_the_wait_for_a_platform_that_is_busy(timed: Callable[..., OneFlow]) -> None:
    p = timed(call={"flow": "Other", "detach": False})
    p.start = lambda flow, arguments: BUSY
    p.invoke()
    assert_ended_late(p)


def test_what_follows_a_failure_has_the_time_of_its_steps(timed: Callable[..., OneFlow]) -> None:
    steps = STEPS | {"tell": {**STEPS["tell"], "retry": {**RETRY, "times": 1}}}
    flow = FLOW.replace("time.sleep(0.1)", "from metaflow import current; assert current.retry_count")
    p = timed(flow, steps=steps)
    p.invoke(how="import os; os._exit(3)")
    assert p.result()["onFailure"] == {"status": "succeeded"}
    assert p.clock.now() - p.began > LIMIT_S + 10


def test_an_action_that_is_awaited_does_not_keep_the_run(timed: Callable[..., OneFlow]) -> None:
    p = timed(call={"action": "slow"})
    watching = []

    def answer(envelope: dict[str, Any], arguments: dict[str, Any]) -> dict[str, Any]:
        # The platform answers after all other sessions have done what they can.
        for session in watching:
            p.run_session(session)
        assert_ended_late(p)
        return {"result": {}}

    p.answer = answer
    p.launch = lambda flow, envelope: watching.append(envelope) or True
    p.invoke()
    assert [session["overdue"] for session in watching] == [0]
    assert p.result()["error"]["message"] == MESSAGE


def test_no_session_watches_an_action_that_ends_in_time(timed: Callable[..., OneFlow]) -> None:
    p = timed(call={"action": "quick"})
    p.plan.timeout_ms = 3_600_000
    p.answer = lambda envelope, arguments: {"result": {}}
    p.invoke()
    assert p.result()["status"] == "succeeded"
    assert p.launches == 0


FOREACH = (
    FLOW.replace("[1, 2, 3]", "list(range(9))")
    .replace("self.next(self.ask)", "self.next(self.ask, foreach='items')")
    .replace("self.next(self.end)", "self.next(self.join)")
    .replace(
        "        @step\n        def end",
        "        @step\n        def join(self, inputs):\n            self.next(self.end)\n\n        @step\n        def end",
    )
)
FOREACH_STEPS = STEPS | {
    "start": {"next": {"open": "start"}},
    "ask": {"next": {"done": "start"}, "within": ["start"]},
    "join": {"next": {"step": "end"}, "joins": "start"},
}
POOL = {"kind": "foreach", "over": "items", "first": ["ask"], "last": ["ask"], "join": "join", "concurrency": 1}


@pytest.mark.parametrize("more", [{}, {"minSuccess": {"count": 1}}, {"batch": 3}])
def test_a_foreach_ends_with_its_run(timed: Callable[..., OneFlow], more: dict[str, Any]) -> None:
    p = timed(FOREACH, {"start": {**POOL, **more}}, FOREACH_STEPS)
    p.invoke(how="time.sleep(1)")
    assert_ended_late(p)
    assert len(p.keys("tasks/ask/")) < 9, "the last item was begun"
    assert json.dumps(p.result()).count("succeeded") == 1
