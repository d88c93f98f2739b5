"""How long lanes take to start."""

from __future__ import annotations

REMEMBERED_FOR_MS = 120_000
"""OpenWhisk keeps an idle container for ten minutes, or less if it needs the room."""


class Pace:
    """The start-up time of lanes, as last measured in this container."""

    def __init__(self, start_ms: int | None = None) -> None:
        self._start_ms = start_ms
        self._until = float("inf")

    def remember(self, start_ms: int, now_ms: int) -> None:
        self._start_ms, self._until = start_ms, now_ms + REMEMBERED_FOR_MS

    def start_ms(self, now_ms: int) -> int | None:
        """The last known start-up time of a lane; None if it is unknown or outdated."""
        return self._start_ms if now_ms < self._until else None
