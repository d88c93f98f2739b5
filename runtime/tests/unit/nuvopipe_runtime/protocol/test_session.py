"""Flows walked from their first envelope to their result, with real Metaflow tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nuvopipe_testing.one_flow import OneFlow
    from tests.fixture_types import MakeFlow


LINEAR = """
    from metaflow import FlowSpec, Parameter, step

    class F(FlowSpec):
        n = Parameter("n", type=int, default=1)

        @step
        def start(self):
            self.x = self.n + 1
            print("x is", self.x)
            self.next(self.end)

        @step
        def end(self):
            self.y = self.x * 2

    if __name__ == "__main__":
        F()
    """
LINEAR_STEPS = {"start": {"next": {"step": "end"}}, "end": {"next": {"end": True}}}
LINEAR_PLAN = {
    "start": "start",
    "end": "end",
    "outputs": ["y"],
    "parameters": {"n": {"type": "integer", "default": 1, "required": False}},
}

FOREACH = """
    from metaflow import FlowSpec, step

    class F(FlowSpec):
        @step
        def start(self):
            self.items = list(range(%d))
            self.next(self.body, foreach="items")

        @step
        def body(self):
            self.square = self.input ** 2
            self.next(self.join)

        @step
        def join(self, inputs):
            self.squares = [i.square for i in inputs]
            self.next(self.end)

        @step
        def end(self):
            pass

    if __name__ == "__main__":
        F()
    """
FOREACH_STEPS = {
    "start": {"next": {"open": "start"}},
    "body": {"next": {"done": "start"}, "within": ["start"]},
    "join": {"next": {"step": "end"}, "joins": "start"},
    "end": {"next": {"end": True}},
}


def foreach_pool(concurrency: int) -> dict[str, Any]:
    pool = {"kind": "foreach", "over": "items", "first": ["body"], "last": ["body"], "join": "join"}
    return {"start": {**pool, "concurrency": concurrency}}


def foreach(platform: MakeFlow, items: int, concurrency: int) -> OneFlow:
    return platform(FOREACH % items, FOREACH_STEPS, foreach_pool(concurrency), start="start", end="end", outputs=["squares"])


def test_linear(platform: MakeFlow) -> None:
    p = platform(LINEAR, LINEAR_STEPS, **LINEAR_PLAN)
    assert p.invoke(n="4") == {"run": "r1", "status": "succeeded", "outputs": {"y": 10}}
    assert p.result() == {"run": "r1", "status": "succeeded", "outputs": {"y": 10}}
    assert p.components == 2
    log = p.store.get("F/r1/start/t/0.task_stdout.log")[0]
    assert log.startswith(b"[MFLOG|0|") and log.endswith(b"]x is 5\n")
    assert p.store.get("F/r1/end/t/0.DONE.lock")


def test_foreach_with_lanes(platform: MakeFlow) -> None:
    p = foreach(platform, 10, 4)
    p.invoke()
    assert p.result()["outputs"] == {"squares": [i * i for i in range(10)]}
    assert p.launches >= 3
    assert len(p.keys("/claims/")) == 10


def test_foreach_continues_before_the_session_runs_out(platform: MakeFlow) -> None:
    p = foreach(platform, 60, 1)
    p.invoke()
    assert p.result()["outputs"] == {"squares": [i * i for i in range(60)]}
    assert p.launches == 1
