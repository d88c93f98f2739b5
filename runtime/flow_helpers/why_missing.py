"""Explains an artifact that is missing because a join dropped it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .flow import Flow


def _why_missing(self: Flow, name: str) -> str | None:
    """Returns why an artifact is missing if a join dropped it; otherwise None."""
    info = self._datastore._info.get(name, {}) if self._datastore else {}
    if "dropped" not in info:
        return None
    return f'the join "{info["dropped"]}" dropped "{name}", because {info["why"]}; set self.{name} in the join'
