"""Time, passed in: tests move it."""

import time


class Clock:
    def now(self):
        """Epoch seconds."""
        return time.time()

    def now_ms(self):
        return int(self.now() * 1000)

    def sleep(self, seconds):
        time.sleep(seconds)
