"""Pauses of a session: components in which the `wait` action does nothing."""

from ...contract.protocol import PAUSE_MAX_MS


def pauses(wait_ms):
    """Components that a wait takes."""
    return -(-wait_ms // PAUSE_MAX_MS)
