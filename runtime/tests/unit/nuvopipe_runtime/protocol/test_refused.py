"""Runs with bad parameters are recorded and followed by `onFailure`, because perhaps nobody reads the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from nuvopipe_runtime.contract.layout import LIVE_PREFIX
from tests.unit.nuvopipe_runtime.protocol.test_failures import FLOW as PLAIN
from tests.unit.nuvopipe_runtime.protocol.test_session import LINEAR_STEPS

if TYPE_CHECKING:
    from nuvopipe_testing.one_flow import OneFlow
    from tests.fixture_types import MakeFlow


FLOW = """
    import metaflow
    from metaflow import FlowSpec, Parameter, step

    class F(FlowSpec):
        qty = Parameter("qty", type=int, required=True)
        name = Parameter("name", default="nobody")
        token = Parameter("token")

        @step
        def start(self):
            self.next(self.end)

        @step
        def end(self):
            pass

        def tell(self):
            self.told = [self.failure["message"], self.qty, self.name, self.token]

    if __name__ == "__main__":
        F()
    """
STEPS = {**LINEAR_STEPS, "tell": {"next": {"handled": True}}}
PARAMETERS = {
    "qty": {"type": "integer", "required": True, "min": 1},
    "name": {"type": "string", "default": "nobody", "required": False},
    "token": {"type": "secret", "required": True},
}
SECRET = "a-secret-that-is-not-kept"


@pytest.fixture
def order(platform: MakeFlow) -> OneFlow:
    return platform(FLOW, STEPS, start="start", end="end", parameters=PARAMETERS, onFailure="tell")


def begin(p: OneFlow, **params: Any) -> dict[str, Any]:
    first = {"run": "r1", "block": p.plan.block("start"), "step": "start", "at": [], "home": True}
    return {**first, "params": params, "answerWithin": 0}


def test_what_follows_a_failure_knows_why_and_what_was_given(order: OneFlow) -> None:
    answer = order.run_session(begin(order, qty=0, name="ada", token=SECRET))
    assert answer["status"] == "failed"
    result = order.result()
    assert result["error"] == {"message": 'the parameter "qty" must be at least 1, not 0'}
    assert result["onFailure"] == {"status": "succeeded"}
    assert [key.split("/")[-3] for key in order.keys("/commit")] == ["_parameters", "tell"]


def test_no_secret_of_it_is_kept(order: OneFlow) -> None:
    order.run_session(begin(order, qty=0, token=SECRET))
    order.run_session({**begin(order, token=SECRET, tokne=SECRET), "run": "r2"})
    kept = [order.store.get(key)[0] for key in order.store.list("")]
    assert kept and not any(SECRET.encode() in data for data in kept)
    assert order.container.secrets._values == {"token": None}


@pytest.mark.parametrize("lost", ["run.json", "failed", "_parameters/0/commit"])
def test_a_lost_session_is_replaced(order: OneFlow, lost: str) -> None:
    """The session is lost after it has written one of these objects."""
    create = order.store.create

    def create_and_die(key: str, data: bytes) -> None:
        create(key, data)
        if key.endswith(lost):
            order.store.create = create
            raise SystemExit

    order.store.create = create_and_die
    with pytest.raises(SystemExit):
        order.run_session(begin(order, qty=0, token=SECRET))
    order.clock.skipped += 600
    sweep = {"run": "r1", "block": order.plan.block("start"), "step": "start", "at": [], "sweep": True}
    order.run_session(sweep)
    assert order.result()["error"]["message"] == 'the parameter "qty" must be at least 1, not 0'
    assert not order.keys("tasks/start")
    assert order.store.list(LIVE_PREFIX) == []


def test_it_cannot_be_resumed(order: OneFlow) -> None:
    order.run_session(begin(order, qty=0, token=SECRET))
    answer = order.run_session({**begin(order), "run": "r2", "origin": ["r1"]})
    assert (
        answer["error"]["message"] == "the run r1 was rejected because of its parameters: start it again with other parameters"
    )
    assert order.keys("", "r2") == []


def test_a_wrong_name_is_only_refused(platform: MakeFlow) -> None:
    parameters = {"how": {"type": "string", "default": "", "required": False}}
    p = platform(PLAIN, LINEAR_STEPS, start="start", end="end", parameters=parameters)
    answer = p.run_session({**begin(p), "run": "../r1"})
    assert "invalid run name" in answer["error"]["message"]
    assert p.store.list("") == []
