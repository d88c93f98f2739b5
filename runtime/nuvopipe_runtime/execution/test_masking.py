import json

from .masking import Mask


def test_a_secret_is_taken_out_of_lines_and_values():
    mask = Mask(["swordfish", "swordfish-2"])
    assert mask.line(b"it is swordfish-2, not swordfish") == b"it is ***, not ***"
    assert mask.value({"a": ["x swordfish", 1, None], "swordfish": True}) == {"a": ["x ***", 1, None], "***": True}


def test_each_line_of_a_secret_counts_but_not_what_is_too_short_to_be_one():
    key = json.dumps({"type": "account", "key": "swordfish"}, indent=2)
    mask = Mask([key, "no"])
    assert mask.line(b'  "key": "swordfish"') == b"  ***"
    assert mask.line(b"no { braces }") == b"no { braces }"


def test_a_secret_need_not_be_ascii():
    assert Mask(["geheim-ü"]).line("geheim-ü!".encode()) == b"***!"
