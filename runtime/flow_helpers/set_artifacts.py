"""Turns the items of a mapping into artifacts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .flow import Flow


def _set_artifacts(self: Flow, step: str, name: str, result: object) -> None:
    """Sets the items of a result as artifacts."""
    if not isinstance(result, Mapping):
        raise TypeError(
            f"step {step}: {name} returned {'None' if result is None else 'a ' + type(result).__name__}; "
            "it must return a dict, whose items become artifacts"
        )
    for key, value in result.items():
        is_name = isinstance(key, str) and key.isidentifier() and not key.startswith("_")
        if not is_name or hasattr(type(self), key):
            raise TypeError(f"step {step}: {name} returned {key!r}, which cannot be the name of an artifact")
        setattr(self, key, value)
