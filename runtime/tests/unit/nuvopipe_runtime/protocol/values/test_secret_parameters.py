"""Secrets reach every task of a run, and nothing that a run leaves."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any

import pytest

from nuvopipe_runtime.protocol.values.secret_parameters import SecretParameters

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
    assert secretive.run_session(again)["outputs"]["lengths"] == [len(TOKEN)] * 3


def test_keys_that_have_changed_are_told(secretive: OneFlow) -> None:
    other = SecretParameters(secretive.plan)

    def change_keys(number: int, envelope: dict[str, Any]) -> None:
        if number == 2:
            secretive.store._secret = b"another"
            secretive.container.secrets = other

    secretive.before = change_keys
    with pytest.raises(Exception, match="the run's secret parameters cannot be read: it was sealed with other keys"):
        secretive.invoke(token=TOKEN, text="")


def test_a_secret_that_does_not_fit_is_not_shown(secretive: OneFlow) -> None:
    answer = secretive.invoke(token="never-told", text="")
    assert answer["error"]["message"] == 'the parameter "token" must match the pattern hush.* as a whole'
