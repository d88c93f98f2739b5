"""Pauses of a session: components in which the `wait` action does nothing."""

from __future__ import annotations

from ...contract.protocol import PAUSE_MAX_MS


def pauses(wait_ms: int) -> int:
    """Number of components that a wait takes."""
    return -(-wait_ms // PAUSE_MAX_MS)
