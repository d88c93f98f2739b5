"""Counts the turns of loops with `max`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .flow import Flow


def _turn(self: Flow, loop: str, wanted: object, most: int) -> str:
    """Counts a turn of a loop; says whether another one follows."""
    turns = dict(getattr(self, "_turns", {}))
    count = turns.pop(loop, 0) + 1
    goes_on = bool(wanted) and count < most
    if goes_on:
        turns[loop] = count
    self._turns = turns
    return "turn" if goes_on else "done"
