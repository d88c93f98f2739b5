"""Secret parameters reach every task of a run, but appear in nothing that the run stores."""

from __future__ import annotations

import base64
import gzip
from typing import TYPE_CHECKING, Any

import pytest

from nuvopipe_runtime.contract.layout import LIVE_PREFIX, RunLayout
from nuvopipe_runtime.contract.protocol import RUN_EXISTS, STORED_PARAMETERS, UNREADABLE_SECRETS
from nuvopipe_runtime.protocol.values.secret_parameters import SecretParameters
from nuvopipe_runtime.protocol.values.stored_parameters import store_given

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nuvopipe_testing.one_flow import OneFlow
    from tests.fixture_types import MakeFlow


TOKEN = "hush-hush-and-never-tell"

FLOW = """
    from metaflow import FlowSpec, IncludeFile, Parameter, current, step

    class F(FlowSpec):
        token = Parameter("token", type=str)
        text = IncludeFile("text")

        @step
        def start(self):
            assert current.parameter_names == ["text", "token"], current.parameter_names
            self.items = [1, 2, 3]
            self.next(self.body, foreach="items")

        @step
        def body(self):
            print("it is", self.token)
            self.length = len(self.token or "") + len(self.text)
            self.next(self.join)

        @step
        def join(self, inputs):
            assert inputs[0].token == self.token
            self.lengths = [i.length for i in inputs]
            self.next(self.end)

        @step
        def end(self):
            try:
                self.token = "another"
            except AttributeError as error:
                self.refused = str(error)

    if __name__ == "__main__":
        F()
    """
STEPS = {
    "start": {"next": {"open": "start"}},
    "body": {"next": {"done": "start"}, "within": ["start"]},
    "join": {"next": {"step": "end"}, "joins": "start"},
    "end": {"next": {"end": True}},
}
POOLS = {
    "start": {
        "kind": "foreach",
        "over": "items",
        "first": ["body"],
        "last": ["body"],
        "join": "join",
        "concurrency": 2,
    }
}
PARAMETERS = {
    "token": {"type": "secret", "required": False, "pattern": "hush.*"},
    "text": {"type": "file", "required": True},
}
HANDLED = """
    import metaflow
    from metaflow import FlowSpec, Parameter, step

    class F(FlowSpec):
        token = Parameter("token")

        @step
        def start(self):
            self.next(self.end)

        @step
        def end(self):
            pass

        def tell(self):
            pass

    if __name__ == "__main__":
        F()
    """
HANDLED_STEPS = {
    "start": {"next": {"step": "end"}},
    "end": {"next": {"end": True}},
    "tell": {"next": {"handled": True}},
}
REFUSAL = "Flow level attributes and Parameters are not modifiable"


@pytest.fixture
def secretive(platform: MakeFlow) -> OneFlow:
    return platform(
        FLOW, STEPS, POOLS, start="start", end="end", outputs=["lengths", "refused"], loops={}, parameters=PARAMETERS
    )


def everything(platform: MakeFlow) -> Iterator[Any]:
    for key in platform.store.list(""):
        data = platform.store.get(key)[0]
        yield key, gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data


def test_every_task_has_it_and_nothing_keeps_it(secretive: OneFlow) -> None:
    answer = secretive.invoke(token=TOKEN, text="ab\r\n")
    assert answer["outputs"] == {"lengths": [len(TOKEN) + 3] * 3, "refused": REFUSAL}
    for key, content in everything(secretive):
        assert TOKEN.encode() not in content, key
    assert b"it is ***" in secretive.store.get("F/r1/body/t-0/0.task_stdout.log")[0]


def test_a_container_that_did_not_begin_the_run_has_it_too(secretive: OneFlow) -> None:
    def forget(number: int, envelope: dict[str, Any]) -> None:
        secretive.container.secrets = SecretParameters(secretive.plan)

    secretive.before = forget
    assert secretive.invoke(token=TOKEN, text="")["outputs"]["lengths"] == [len(TOKEN)] * 3


def test_runs_that_share_a_container_have_each_their_own(secretive: OneFlow) -> None:
    for run, token in (("r1", TOKEN), ("r2", TOKEN * 2), ("r3", None)):
        answer = secretive.invoke(run=run, text="", **({"token": token} if token else {}))
        assert answer["outputs"]["lengths"] == [len(token or "")] * 3, run


def test_a_repeated_beginning_has_it_still(secretive: OneFlow) -> None:
    lost = []

    def die(number: int, envelope: dict[str, Any]) -> str | None | None:
        if number == 1:
            lost.append(envelope)
            return "drop"

    secretive.after = die
    assert secretive.invoke(token=TOKEN, text="") is None
    again = dict(lost[0], died="the container was lost")
    secretive.after = lambda number, envelope: None
    secretive.container.secrets = SecretParameters(secretive.plan)
    secretive.run_session(again)  # its client may be answered before it ends
    assert secretive.result()["outputs"]["lengths"] == [len(TOKEN)] * 3


OTHER_KEY = (
    "its secret parameters were sealed with another S3 secret key than the flow is deployed with now: "
    "start a new run with them, or deploy the flow with the earlier key"
)


def rotate_key(flow: OneFlow) -> None:
    """Deploys the flow again with another S3 secret key."""
    flow.store._secret = b"another"
    flow.container.secrets = SecretParameters(flow.plan)


def rotate_key_before(flow: OneFlow, activation: int) -> None:
    flow.before = lambda number, envelope: rotate_key(flow) if number == activation else None


def test_a_run_fails_and_says_why_when_the_key_is_rotated_under_it(secretive: OneFlow) -> None:
    rotate_key_before(secretive, 3)
    answer = secretive.invoke(token=TOKEN, text="")
    assert answer["error"] == {"message": f"the run cannot continue: {OTHER_KEY}"}
    assert secretive.result() == answer
    assert not secretive.store.list(LIVE_PREFIX)


def handled(platform: MakeFlow, flow: str = HANDLED) -> OneFlow:
    """A flow whose failures are followed by a step."""
    parameters = {"token": PARAMETERS["token"]}
    return platform(flow, HANDLED_STEPS, start="start", end="end", onFailure="tell", parameters=parameters)


def test_steps_of_on_failure_fail_as_well_without_the_key(platform: MakeFlow) -> None:
    p = handled(platform)
    rotate_key_before(p, 2)
    answer = p.invoke(token=TOKEN)
    assert answer["error"] == {"message": f"the run cannot continue: {OTHER_KEY}"}
    assert answer["onFailure"] == answer["error"]
    assert p.result() == answer


def test_a_rotated_key_keeps_the_failure_that_came_first(platform: MakeFlow) -> None:
    p = handled(platform, HANDLED.replace("            pass", "            raise ValueError('ill')", 1))
    rotate_key_before(p, 3)
    answer = p.invoke(token=TOKEN)
    assert "ValueError: ill" in answer["error"]["message"]
    assert answer["onFailure"] == {"message": f"the run cannot continue: {OTHER_KEY}"}


def test_a_run_whose_key_was_rotated_is_not_resumed_and_says_why(secretive: OneFlow) -> None:
    secretive.invoke(token=TOKEN, text="")
    before = secretive.store.list("")
    rotate_key(secretive)
    answer = secretive.run_session({**secretive.log[0], "run": "r2", "params": {}, "origin": ["r1"]})
    assert answer["error"] == {"message": f"the run r1 cannot be resumed: {OTHER_KEY}", "code": UNREADABLE_SECRETS}
    assert secretive.store.list("") == before


def test_a_run_of_a_version_without_secrets_is_not_resumed_and_says_why(secretive: OneFlow) -> None:
    secretive.invoke(token=TOKEN, text="")
    secretive.store.delete(RunLayout("F", "r1").secrets)
    secretive.container.secrets = SecretParameters(secretive.plan)
    answer = secretive.run_session({**secretive.log[0], "run": "r2", "params": {}, "origin": ["r1"]})
    why = "it has no secret parameters, because it was started with another version of the flow"
    assert answer["error"] == {"message": f"the run r1 cannot be resumed: {why}", "code": UNREADABLE_SECRETS}


def test_parameters_that_were_sealed_for_another_key_fail_the_run_by_name(secretive: OneFlow) -> None:
    sealed = base64.b64encode(bytes(200)).decode()
    answer = secretive.run_session({**secretive.flow.enter(run="r1", wait=0), "params": sealed})
    assert answer["error"]["message"].startswith("the parameters were sealed for another S3 secret key than the step has")
    assert answer["error"]["message"].endswith(": start the run again")
    assert secretive.result() == answer


def test_arguments_of_a_flow_with_another_key_fail_it_by_name(secretive: OneFlow) -> None:
    store_given(secretive.store, "F", "r1", {"token": TOKEN, "text": ""})
    rotate_key(secretive)
    answer = secretive.invoke(**{STORED_PARAMETERS: True})
    assert answer["error"]["message"] == (
        "the parameters were sealed by a flow that is deployed with another S3 secret key: "
        "deploy this flow and the one that calls it with the same key"
    )
    assert secretive.result() == answer


def test_a_start_under_the_name_of_a_run_with_another_key_is_refused_without_a_comparison(secretive: OneFlow) -> None:
    secretive.invoke(token=TOKEN, text="")
    rotate_key(secretive)
    error = secretive.invoke(token=TOKEN, text="")["error"]
    assert error["code"] == RUN_EXISTS
    assert error["message"].endswith(
        " and was started with another S3 secret key, so its parameters cannot be compared: "
        "look at it with nuvopipe status F/r1, or choose another name"
    )


def test_a_secret_that_does_not_fit_is_not_shown(secretive: OneFlow) -> None:
    answer = secretive.invoke(token="never-told", text="")
    assert answer["error"]["message"] == 'the parameter "token" must match the pattern hush.* as a whole'
