"""Clocks whose time is skipped instead of waited for."""

from __future__ import annotations

from nuvopipe_runtime.clock import Clock


class SkippingClock(Clock):
    """Real time plus the time that was skipped."""

    def __init__(self) -> None:
        self.skipped = 0.0

    def now(self) -> float:
        return super().now() + self.skipped

    def sleep(self, seconds: float) -> None:
        self.skipped += seconds

    def skip_to(self, time: float) -> None:
        """Skips to a time; does nothing if that is in the past."""
        self.sleep(max(0.0, time - self.now()))


class StandingClock(Clock):
    """Time that passes only when it is skipped, so that every run takes the same time."""

    def __init__(self, time: float) -> None:
        self.time = float(time)

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds

    def skip_to(self, time: float) -> None:
        """Skips to a time; does nothing if that is in the past."""
        self.time = max(self.time, time)
