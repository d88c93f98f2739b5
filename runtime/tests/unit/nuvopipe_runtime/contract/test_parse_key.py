from __future__ import annotations

from typing import Any

import pytest

from nuvopipe_runtime.contract.layout import TEMPLATES, RunLayout, cache_entry_key, slot_key
from nuvopipe_runtime.contract.parse_key import parse_key

LAYOUT = RunLayout("F", "r-1")


@pytest.mark.parametrize(
    ("key", "name", "parts"),
    [
        (LAYOUT.live, "live", {}),
        (LAYOUT.run, "run", {}),
        (LAYOUT.commit("shout", "t-3"), "commit", {"step": "shout", "task": "t-3"}),
        (LAYOUT.failed_attempt("shout", "t", 2), "failed_attempt", {"step": "shout", "task": "t", "attempt": "2"}),
        (LAYOUT.pool_claim("start", "t", 11), "pool_claim", {"opener": "start", "task": "t", "item": "11"}),
        (LAYOUT.ticket(5), "ticket", {"created": "0000000000005"}),
        (LAYOUT.metaflow_done("shout", "t", "0"), "metaflow_done", {"step": "shout", "task": "t", "number": "0"}),
    ],
)
def test_parses_the_keys_of_a_run(key: str, name: str, parts: dict[str, Any]) -> None:
    assert parse_key(key) == (name, {"flow": "F", "run": "r-1", **parts})


def test_parses_keys_that_are_of_no_run() -> None:
    assert parse_key(slot_key("F", 3)) == ("slot", {"flow": "F", "slot": "3"})
    assert parse_key(cache_entry_key("F", "a", "0f")) == ("cache_entry", {"flow": "F", "step": "a", "digest": "0f"})


def test_takes_the_first_template_that_fits() -> None:
    assert parse_key("_nuvopipe/live/F/run.json") == ("live", {"flow": "F", "run": "run.json"})


@pytest.mark.parametrize(
    "key", ["", "_nuvopipe/", "_nuvopipe/F/r/tasks/a/t/failed-x", "_nuvopipe/F/r/pools/a/t/claims/1/2", "F/r/a"]
)
def test_parses_no_keys_of_other_objects(key: str) -> None:
    assert parse_key(key) is None


def test_names_each_key_as_the_layout_does() -> None:
    attributes = {*dir(RunLayout), "plan", "slot", "cache_entry", "layer", "layer_lock", "probe", "artifact"}
    assert TEMPLATES.keys() <= attributes
