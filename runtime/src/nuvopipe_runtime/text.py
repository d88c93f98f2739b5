"""Text from outside, which may contain lone surrogates that UTF-8 cannot encode.

They come from `os.fsdecode` of undecodable file names and from `json.loads` of `"\\ud800"`.
"""

from __future__ import annotations

import json
from typing import Any


def to_bytes(text: str) -> bytes:
    r"""UTF-8, with a lone surrogate as `\udce9`, as on Python's stderr; within JSON this is the same string."""
    return text.encode("utf-8", "backslashreplace")


def printable(text: str) -> str:
    """Returns the same text without lone surrogates."""
    return to_bytes(text).decode()


def encodable(value: Any) -> Any:
    """Returns the JSON value in a form that OpenWhisk's Python launcher can write, which encodes strictly."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
        return value
    except UnicodeEncodeError:
        return _printable_texts(value)


def _printable_texts(value: Any) -> Any:
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, list):
        return [_printable_texts(item) for item in value]
    if isinstance(value, dict):
        return {printable(key): _printable_texts(item) for key, item in value.items()}
    return value


def shorten(text: str, head: int, tail: int) -> str:
    """Keeps the first `head` and the last `tail` characters, with a note of how many were left out in between."""
    left_out = len(text) - head - tail
    if left_out <= 0:
        return text
    return f"{text[:head]}{note_of(left_out, 'characters')}{text[len(text) - tail :]}"


def note_of(count: int, unit: str) -> str:
    return f" [... {count:,} {unit} left out ...] "
