"""The clock, passed in so that tests can move time."""

from __future__ import annotations

import time


class Clock:
    def now(self) -> float:
        """Epoch seconds."""
        return time.time()

    def now_ms(self) -> int:
        return int(self.now() * 1000)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)
