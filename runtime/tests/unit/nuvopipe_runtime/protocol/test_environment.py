"""A step's variables and secrets are only in its own environment."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.fixture_types import MakeFlow


FLOW = """
from metaflow import FlowSpec, step
import os, time

class F(FlowSpec):
    @step
    def start(self):
        self.seen = {name: os.environ.get(name) for name in ("TOKEN", "OTHER", "MOOD", "TZ")}
        self.zone = time.strftime("%Z")
        self.next(self.middle)

    @step
    def middle(self):
        self.later = {name: os.environ.get(name) for name in ("TOKEN", "OTHER", "MOOD", "TZ")}
        self.next(self.end)

    @step
    def end(self):
        print("the token is", os.environ["TOKEN"], "of", len(os.environ["TOKEN"]))
        if os.environ.get("FAIL"):
            raise ValueError("x" * 295 + os.environ["TOKEN"])
        self.leaked = [os.environ["TOKEN"] + "!"]

if __name__ == "__main__":
    F()
"""
TOKEN = "a-token-for-nobody"


def make(platform: MakeFlow, **end: Any) -> Any:
    steps = {
        "start": {"next": {"step": "middle"}, "vars": {"MOOD": "blue", "TZ": "Asia/Tokyo"}, "secrets": ["TOKEN"]},
        "middle": {"next": {"step": "end"}},
        "end": {"next": {"end": True}, "secrets": ["TOKEN"], **end},
    }
    made = platform(FLOW, steps, start="start", end="end", outputs=["seen", "zone", "later", "leaked"])
    made.container.executor.secrets = {"TOKEN": TOKEN, "OTHER": "of another step"}
    return made


def text_of(platform: MakeFlow, part: str) -> Any:
    return b"".join(platform.store.get(key)[0] for key in platform.store.list("") if part in key).decode("latin-1")


def test_a_step_finds_its_own_and_the_next_one_finds_nothing(platform: MakeFlow) -> None:
    result = make(platform).invoke()
    assert result["status"] == "succeeded", result
    outputs = result["outputs"]
    assert outputs["seen"] == {"TOKEN": "***", "OTHER": None, "MOOD": "blue", "TZ": "Asia/Tokyo"}
    assert outputs["zone"] == "JST"
    assert outputs["later"] == {"TOKEN": None, "OTHER": None, "MOOD": None, "TZ": None}
    assert not {"TOKEN", "MOOD"} & os.environ.keys()


def test_a_printed_secret_is_in_no_log_and_in_no_record(platform: MakeFlow) -> None:
    made = make(platform)
    result = made.invoke()
    assert result["outputs"]["leaked"] == ["***!"]
    assert f"the token is *** of {len(TOKEN)}" in text_of(made, "task_stdout.log")
    for part in (".log", "commit", "result", "run.json"):
        assert text_of(made, part) and TOKEN not in text_of(made, part)


def test_an_error_keeps_not_even_the_beginning_of_a_secret(platform: MakeFlow) -> None:
    made = make(platform, vars={"FAIL": "1"})
    result = made.invoke()
    assert result["status"] == "failed"
    assert result["error"]["message"].startswith("ValueError: " + "x" * 288)
    assert TOKEN[:3] not in result["error"]["message"]
    assert "x***" in text_of(made, "task_stderr.log")


def test_a_secret_that_was_not_bound_is_reported(platform: MakeFlow) -> None:
    made = make(platform)
    made.container.executor.secrets = {}
    with pytest.raises(RuntimeError, match="step start lacks TOKEN: deploy the flow again, with its secrets"):
        made.invoke()
