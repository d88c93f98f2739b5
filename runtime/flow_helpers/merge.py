"""The join of a fork without its own join. It fails if the inputs disagree on an artifact, except on caught failures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .keep import _keep

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from .flow import Flow


def _merge(self: Flow, inputs: Iterable[Flow], step: str, caught: Iterable[str] = (), **keep: Any) -> None:
    differing = set(_keep(self, inputs, step, **keep)) - set(caught)
    if differing:
        names = ", ".join(f'"{name}"' for name in sorted(differing))
        raise ValueError(
            f"step {step}: the inputs have different values of {names}, so they cannot be merged; "
            "write a join that sets them"
        )
