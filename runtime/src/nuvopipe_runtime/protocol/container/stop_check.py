"""Whether a run is over: checked before every step, read from the store at most once a second."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ...context import Context

LOOK_EVERY_S = 1.0


class StopCheck:
    def __init__(self) -> None:
        self._prefix: str | None = None
        self._looked = 0.0
        self._stopped = False

    def fresh(self, context: Context) -> None:
        """Resets the check for a run that has just begun here."""
        self._prefix, self._looked, self._stopped = context.layout.run_prefix, context.clock.now(), False

    def stopped(self, context: Context) -> bool:
        """True if the run has failed, was cancelled, or has its result."""
        now, layout = context.clock.now(), context.layout
        if layout.run_prefix != self._prefix or (not self._stopped and now - self._looked >= LOOK_EVERY_S):
            names = context.store.names(layout.run_prefix)
            self._prefix, self._looked = layout.run_prefix, now
            self._stopped = bool(names & {"failed", "cancelled", "result.json"})
        return self._stopped
