"""From a key in the datastore to what it is the key of."""

import re
from functools import cache

from .layout import TEMPLATES


def parse_key(key: str) -> tuple[str, dict[str, str]] | None:
    """`(name, parts)`: the name of its template, and the texts of the placeholders; None for a key that fits none."""
    for name in TEMPLATES:
        parts = parts_of(name, key)
        if parts is not None:
            return name, parts
    return None


def parts_of(name: str, key: str) -> dict[str, str] | None:
    """The same for one template; None for a key that does not fit it."""
    found = _pattern(name).fullmatch(key)
    return None if found is None else found.groupdict()


@cache
def _pattern(name: str) -> re.Pattern[str]:
    pieces = re.split(r"[{}]", TEMPLATES[name])
    return re.compile("".join(_group(piece) if index % 2 else re.escape(piece) for index, piece in enumerate(pieces)))


def _group(placeholder: str) -> str:
    name, _, digits = placeholder.partition(":")
    return rf"(?P<{name}>\d{{{digits},}})" if digits else f"(?P<{name}>[^/]+)"
