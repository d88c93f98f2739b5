"""Pauses between the turns of a loop."""

from __future__ import annotations

import time


def _pause(seconds: float, case: str) -> str:
    """Pauses between two turns of a loop. nuvopipe's runtime replaces this function by a pause that needs no container."""
    if case == "turn":
        time.sleep(seconds)
    return case
