"""Picks the case of a switch. In Python True equals 1; in a flow file it does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any


def _pick(step: str, value: Any, cases: dict[str, object], default: str | None = None) -> str:
    """Returns the label of the case that equals the value."""
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:
        value = value.item()  # a numpy scalar
    for label, case in cases.items():
        if isinstance(case, bool) == isinstance(value, bool) and case == value:
            return label
    if default is None:
        raise ValueError(f"step {step}: the switch has no case for {value!r}, and no default")
    return default
