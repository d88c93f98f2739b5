"""Makes the list of a foreach over an expression, which can be a range, a generator or a set."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any


def _make_items(step: str, items: object) -> list[Any]:
    """Returns the items of a foreach as a list."""
    if isinstance(items, (str, bytes, bytearray)) or not isinstance(items, Iterable):
        kind = "None" if items is None else f"of type {type(items).__name__}"
        raise TypeError(f"step {step}: the foreach iterates over a value that must be a list but is {kind}")
    return list(items)
