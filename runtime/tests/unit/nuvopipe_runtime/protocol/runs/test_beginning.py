"""Runs that are started again under the same name, with the same or other parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from nuvopipe_runtime.contract.layout import LIVE_PREFIX, ROOT_PREFIX
from tests.unit.nuvopipe_runtime.protocol.test_session import LINEAR, LINEAR_PLAN, LINEAR_STEPS

if TYPE_CHECKING:
    from nuvopipe_testing.one_flow import OneFlow
    from tests.fixture_types import MakeFlow


SECRET_PLAN = {**LINEAR_PLAN, "parameters": LINEAR_PLAN["parameters"] | {"token": {"type": "secret", "required": False}}}


@pytest.fixture
def linear(platform: MakeFlow) -> OneFlow:
    return platform(LINEAR, LINEAR_STEPS, **LINEAR_PLAN)


def test_the_same_start_again_gets_the_result(linear: OneFlow) -> None:
    first = linear.invoke(n="4")
    components = linear.components
    assert linear.invoke(n=4) == first
    assert linear.components == components + 1  # the session has executed nothing


@pytest.mark.parametrize("given", [{}, {"n": None}, {"n": 1}])
def test_a_default_is_the_same_given_or_not(linear: OneFlow, given: dict[str, Any]) -> None:
    linear.invoke()
    assert linear.invoke(**given)["status"] == "succeeded"


def test_other_parameters_are_a_conflict_that_disturbs_nothing(linear: OneFlow) -> None:
    linear.invoke(n=4)
    before = {key: linear.store.get(key)[0] for key in linear.store.list("")}
    answer = linear.invoke(n=5)
    assert (answer["status"], answer["error"]["code"]) == ("failed", "run-exists")
    assert answer["error"]["message"].endswith('with other parameters: "n" was 4, not 5')
    assert {key: linear.store.get(key)[0] for key in linear.store.list("")} == before


def test_a_name_alone_asks_for_the_result(linear: OneFlow) -> None:
    first = linear.invoke(n=4)
    assert linear.invoke() == first
    assert "was 4, not 1" in linear.invoke(n=1)["error"]["message"]


def test_a_conflict_does_not_affect_a_live_run(linear: OneFlow) -> None:
    answers = []

    def start_again(number: int, envelope: dict[str, Any]) -> None:
        if envelope["step"] == "end" and not answers:
            answers.append(None)
            answers[0] = linear.activate(linear.flow, dict(linear.log[0], params={"n": 5}), linear.store, linear.container)[
                "result"
            ]

    linear.before = start_again
    assert linear.invoke(n=4)["outputs"] == {"y": 10}
    assert answers[0]["error"]["code"] == "run-exists"
    assert not linear.store.list(LIVE_PREFIX)


def test_another_version_is_named(linear: OneFlow) -> None:
    linear.invoke(n=4)
    linear.plan.hash = "1" * 64
    again = linear.invoke(n=4)
    assert again["outputs"] == {"y": 10}
    assert again["note"].startswith("the run r1 exists already, started 20")
    assert again["note"].endswith("with version 00000000 of the flow: nothing was run again")


def test_a_run_that_resumes_another_differs_from_a_plain_run(linear: OneFlow) -> None:
    linear.invoke(n=4)
    linear.run_session({**linear.log[0], "run": "r2", "params": {}, "origin": ["r1"]})
    assert "it resumes r1" in linear.invoke(run="r2", n=4)["error"]["message"]
    resumed = linear.run_session({**linear.log[0], "run": "r1", "params": {}, "origin": ["r2"]})
    assert "it resumes no other run" in resumed["error"]["message"]


def test_a_step_that_starts_its_run_again_is_never_in_conflict(linear: OneFlow) -> None:
    """The arguments may be in another order, and no other caller uses the name."""
    linear.invoke(**{"parameters-json": '{"n": 4}'})
    assert linear.invoke(**{"parameters-json": '{"n": 5}'})["outputs"] == {"y": 10}


def test_secrets_are_compared_and_not_shown(platform: MakeFlow) -> None:
    flow = LINEAR.replace(
        'n = Parameter("n", type=int, default=1)',
        'n = Parameter("n", type=int, default=1)\n        token = Parameter("token", type=str)',
    )
    p = platform(flow, LINEAR_STEPS, **SECRET_PLAN)
    p.invoke(token="hunter-2")
    assert p.invoke(token="hunter-2")["status"] == "succeeded"
    message = p.invoke(token="hunter-3")["error"]["message"]
    assert message.endswith('with other parameters: "token" was another one')
    assert all(b"hunter" not in p.store.get(key)[0] for key in p.store.list(ROOT_PREFIX))
