"""A failed item is never joined, whichever session looks at its pool at any moment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.unit.nuvopipe_runtime.protocol.test_control import FAILING, FAILING_STEPS, POOL

if TYPE_CHECKING:
    from nuvopipe_testing.one_flow import OneFlow
    from tests.fixture_types import MakeFlow


ONE_FAILS = FAILING.replace("if self.input:", "if self.input == 3:").replace(
    "def join(self, inputs):", "def join(self, inputs):\n            self.joined = len(list(inputs))"
)
STEPS = {name: spec for name, spec in FAILING_STEPS.items() if not name.startswith("tell")}


def with_a_lane_that_comes_just_after_the_commit(platform: MakeFlow, **pool: Any) -> OneFlow:
    """Makes another lane find the pool drained between the commit of the failed task and the record of its failure."""
    pool = POOL | {"first": ["each"], "last": ["each"], "concurrency": 1} | pool
    p = platform(ONE_FAILS, STEPS, {"start": pool}, start="start", end="end", outputs=["joined"])
    create = p.store.create
    came = []

    def create_and_come(key: str, data: bytes) -> None:
        create(key, data)
        if key.endswith("each/t-2/commit") and not came:
            came.append(key)
            p.run_session({"run": "r1", "block": "b1", "step": "each", "at": [0], "claim": True})

    p.store.create = create_and_come
    p.invoke()
    assert came
    return p


def test_the_run_fails(platform: MakeFlow) -> None:
    p = with_a_lane_that_comes_just_after_the_commit(platform)
    assert p.result()["status"] == "failed"
    assert p.result()["error"]["step"] == "each"


def test_the_join_continues_without_it(platform: MakeFlow) -> None:
    p = with_a_lane_that_comes_just_after_the_commit(platform, minSuccess={"count": 1})
    assert p.result()["outputs"] == {"joined": 2}
