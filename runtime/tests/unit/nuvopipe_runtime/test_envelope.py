"""A step action accepts envelopes of its version and refuses others."""

from __future__ import annotations

from typing import Any

import pytest

from nuvopipe_runtime.contract import formats
from nuvopipe_runtime.contract.versions import OtherVersion
from nuvopipe_runtime.envelope import ANSWERED, KEYS, checked, from_arguments

BOUND = {"store": {}, "user": "ada", "layer": "l", "secrets": {}, "__ow_headers": {}}


def test_the_keys_are_those_of_the_format() -> None:
    assert {*KEYS, *ANSWERED, "version"} == set(formats.Envelope.__annotations__)


def test_an_envelope_is_what_is_not_bound_to_the_action() -> None:
    assert from_arguments({"run": "r", "at": [1], "wait": None, **BOUND}) == {"run": "r", "at": [1]}


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"tomorrow": 1, "later": 2}, "the envelope has later, tomorrow, which this version of nuvopipe does not know"),
        ({"version": 2}, "the envelope has version 2 of its format; this version of nuvopipe reads 1"),
    ],
)
def test_an_envelope_of_another_version_is_refused_by_name(more: dict[str, Any], named: str) -> None:
    for read in (checked, from_arguments):
        with pytest.raises(OtherVersion, match=named):
            read({"run": "r", **more})
