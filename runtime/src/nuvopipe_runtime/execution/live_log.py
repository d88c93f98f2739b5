"""What a running step has written so far: numbered parts of its log, which the whole log replaces when the step has ended.

Those of an attempt that was lost stay, and are all that is left of its log.
"""

import time

PAUSE_MIN_S = 3.0
PAUSE_MAX_S = 15.0
PAUSE_SHARE = 1 / 20
"""Between two parts. A step of five minutes has some fifty, and a quick one none; after that there are four a minute."""


class LiveLog:
    """Of one execution of a step. `prefix`: of the parts' keys."""

    def __init__(self, store, prefix, now=time.time):
        self._store = store
        self._prefix = prefix
        self._now = now
        self._started = now()
        self._due = self._started + PAUSE_MIN_S
        self._number = 0
        self._writes = {}

    def look(self, streams):
        """Writes what is new, if it is time. `streams`: `LogStream`s by name."""
        now = self._now()
        if now < self._due or any(not write.done() for write in self._writes.values()):
            return
        self._due = now + min(PAUSE_MAX_S, max(PAUSE_MIN_S, (now - self._started) * PAUSE_SHARE))
        self._write(streams)

    def keep(self, streams):
        """Nobody will write the whole log: the parts get the rest of it."""
        self._write(streams)
        self._wait()

    def remove(self):
        """The whole log is there."""
        self._wait()
        for deletion in [self._store.submit(self._store.delete, key) for key in self._writes]:
            _succeeds(deletion)

    def _write(self, streams):
        for name, stream in streams.items():
            data = stream.fresh()
            if data:
                key = f"{self._prefix}{self._number:05d}.{name}"
                self._writes[key] = self._store.submit(self._store.put, key, data)
                self._number += 1

    def _wait(self):
        for write in self._writes.values():
            _succeeds(write)


def _succeeds(request):
    """A part that is lost, or stays, is no reason for a step to fail."""
    return request.exception() is None
