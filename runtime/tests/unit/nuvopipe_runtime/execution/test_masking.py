from __future__ import annotations

import json
from typing import Any

import pytest

from nuvopipe_runtime.execution.masking import Mask


def masked(mask: Mask, *pieces: Any) -> bytes:
    stream = mask.stream()
    return b"".join(map(stream.feed, pieces)) + stream.finish()


def test_a_secret_is_taken_out_of_lines_and_values() -> None:
    mask = Mask(["swordfish", "swordfish-2"])
    assert masked(mask, b"it is swordfish-2, not swordfish") == b"it is ***, not ***"
    assert mask.value({"a": ["x swordfish", 1, None], "swordfish": True}) == {"a": ["x ***", 1, None], "***": True}


def test_each_line_of_a_secret_counts_but_not_what_is_too_short_to_be_one() -> None:
    key = json.dumps({"type": "account", "key": "swordfish"}, indent=2)
    mask = Mask([key, "no"])
    assert masked(mask, b'  "key": "swordfish"') == b"  ***"
    assert masked(mask, b"no { braces }") == b"no { braces }"


def test_a_secret_need_not_be_ascii_nor_text() -> None:
    assert masked(Mask(["geheim-ü"]), "geheim-ü!".encode()) == b"***!"
    assert masked(Mask(["caf\udce9.csv"]), rb"caf\udce9.csv", b" caf\xe9.csv") == b"*** ***"


@pytest.mark.parametrize("size", [1, 2, 3, 7, 11])
def test_a_secret_that_spans_pieces_is_masked(size: int) -> None:
    text = b"\rat swordfish-2 1%\rat swordfish-2 2%\nswordswordfishfish swordfis\nh"
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    expected = b"\rat *** 1%\rat *** 2%\nsword***fish swordfis\nh"
    assert masked(Mask(["swordfish", "swordfish-2"]), *pieces) == expected


def test_no_part_of_a_secret_is_shown_before_the_rest_of_it_is_known() -> None:
    stream = Mask(["swordfish"]).stream()
    assert stream.feed(b"password: swordf") == b"password"
    assert stream.feed(b"ish") == b": ***"
