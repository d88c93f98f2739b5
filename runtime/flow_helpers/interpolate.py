"""Inserts artifacts and parameters into the arguments of actions and flows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from .why_missing import _why_missing

if TYPE_CHECKING:
    from typing import Any

    from .flow import Flow


def _artifact(self: Flow, step: str, name: str) -> Any:
    try:
        return getattr(self, name)
    except AttributeError:
        why = _why_missing(self, name) or f'there is no artifact or parameter "{name}"'
        raise AttributeError(f"step {step}: {why}") from None


def _text(*parts: object) -> str:
    return "".join(map(_written, parts))


def _written(value: Any) -> str:
    """Converts a value to text: JSON values as JSON, all others with `str`."""
    if hasattr(value, "tolist"):
        value = value.tolist()  # numpy and the like
    is_json = value is None or isinstance(value, (bool, int, float, list, tuple, dict))
    return json.dumps(value, default=str) if is_json else str(value)
