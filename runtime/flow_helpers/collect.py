"""Collects the items' artifacts in lists."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .flow import Flow


def _collect(self: Flow, inputs: Iterable[Flow], step: str, names: Iterable[str]) -> None:
    """Sets a list of the inputs' values for each name."""
    for name in names:
        missing = [each for each in inputs if not hasattr(each, name)]
        if missing:
            raise AttributeError(f'step {step}: collects "{name}", but {len(missing)} of its inputs have no such artifact')  # fmt: skip
        setattr(self, name, [getattr(each, name) for each in inputs])
