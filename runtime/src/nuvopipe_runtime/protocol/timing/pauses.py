"""Pauses of a session: components in which the `wait` action does nothing."""

PAUSE_MAX_MS = 240_000
"""One pause in the `wait` action: OpenWhisk gives an action five minutes by default. A longer one is made of several."""


def pauses(wait_ms):
    """Components that a wait takes."""
    return -(-wait_ms // PAUSE_MAX_MS)
