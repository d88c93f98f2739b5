"""Makes the list of a foreach whose items an expression gives: a range, a generator, a set."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any


def _make_items(step: str, items: object) -> list[Any]:
    """The items of a foreach, as a list."""
    if isinstance(items, (str, bytes, bytearray)) or not isinstance(items, Iterable):
        kind = "None" if items is None else f"of type {type(items).__name__}"
        raise TypeError(f"step {step}: the foreach goes over a value that has to be a list and is {kind}")
    return list(items)
