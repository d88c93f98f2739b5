"""A native sequence makes its first envelope from the client's arguments."""

from __future__ import annotations

import types
from typing import Any

import pytest

from nuvopipe_runtime.contract.versions import OtherVersion
from nuvopipe_runtime.sequence import envelope_of

PLAN = types.SimpleNamespace(start="begin", block=lambda step: "b1")
ENTRY = {"step": "begin", "block": "b1", "at": [], "home": True}


@pytest.mark.parametrize(
    ("given", "envelope"),
    [
        ({}, {"run": "20260102030405-abcdefgh", "params": {}}),
        ({"run": "r", "wait": 0, "days": 7, "from": "x"}, {"run": "r", "answerWithin": 0, "params": {"days": 7, "from": "x"}}),
        ({"resume": "r1", "run": "r2"}, {"run": "r2", "origin": ["r1"], "params": {}}),
        ({"resume": "r1", "run": "r2", "from": "x"}, {"run": "r2", "origin": ["r1", "x"], "params": {}}),
        ({"cancel": "r1"}, {"run": "r1", "cancel": True}),
    ],
)
def test_it_is_that_of_a_conductor(given: dict[str, Any], envelope: dict[str, Any]) -> None:
    bound = {"store": {}, "user": "ada", "__ow_headers": {}}
    now = 1767323045  # 2026-01-02T03:04:05Z
    assert envelope_of(PLAN, given | bound, "abcdefghij", now) == ENTRY | envelope


def test_a_given_envelope_of_another_version_is_refused() -> None:
    with pytest.raises(OtherVersion, match="the envelope has tomorrow"):
        envelope_of(PLAN, {"nuvopipe": {"run": "r", "tomorrow": 1}}, "a", 0)


def test_a_given_envelope_is_entered_as_it_is() -> None:
    assert envelope_of(PLAN, {"nuvopipe": {"run": "r", "sweep": True}, "store": {}}, "a", 0) == {"run": "r", "sweep": True}
