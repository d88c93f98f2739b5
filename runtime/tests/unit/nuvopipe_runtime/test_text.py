from __future__ import annotations

import json

from nuvopipe_runtime.store import to_json
from nuvopipe_runtime.text import encodable, printable, shorten


def test_json_with_lone_surrogates_is_bytes_and_the_same_again() -> None:
    value = {"caf\udce9": ["\ud800", "日本", "😀", r"\udce9"]}
    data = to_json(value)
    assert json.loads(data.decode("utf-8")) == value
    assert "日本".encode() in data


def test_printable_text_is_what_pythons_own_stderr_shows() -> None:
    assert printable("caf\udce9 日") == r"caf\udce9 日"


def test_only_an_answer_that_cannot_be_written_is_changed() -> None:
    answer = {"run": "r", "outputs": {"n": 1, "name": "日本"}}
    assert encodable(answer) is answer
    assert encodable({"a": [{"caf\udce9": "\udce9", "n": None}]}) == {"a": [{r"caf\udce9": r"\udce9", "n": None}]}


def test_a_shortened_text_says_what_is_left_out() -> None:
    assert shorten("abcdef", 2, 4) == "abcdef"
    assert shorten("a" * 2000 + "z", 1, 1) == "a [... 1,999 characters left out ...] z"
