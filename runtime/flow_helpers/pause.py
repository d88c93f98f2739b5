"""Pauses between the turns of a loop."""

from __future__ import annotations

import time


def _pause(seconds: float, case: str) -> str:
    """Between two turns of a loop. nuvopipe's runtime puts its own in the place of this, and keeps no container meanwhile."""
    if case == "turn":
        time.sleep(seconds)
    return case
