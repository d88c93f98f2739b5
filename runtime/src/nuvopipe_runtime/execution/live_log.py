"""The output of a running step so far: numbered parts of its log, which the whole log replaces when the step has ended.

The parts of a lost attempt stay, since nothing else is left of its log.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from concurrent.futures import Future

    from ..store import Store
    from .logs import LogStream

PAUSE_MIN_S = 3.0
PAUSE_MAX_S = 15.0
PAUSE_SHARE = 1 / 20
"""Intervals between two parts. A quick step writes none, a step of five minutes about fifty, and then four a minute."""


class LiveLog:
    """The live log of one attempt. `prefix`: that of the parts' keys."""

    def __init__(self, store: Store, prefix: str, now: Callable[[], float] = time.time) -> None:
        self._store = store
        self._prefix = prefix
        self._now = now
        self._started = now()
        self._due = self._started + PAUSE_MIN_S
        self._number = 0
        self._writes: dict[str, Future[str | None]] = {}

    def look(self, streams: Mapping[str, LogStream]) -> None:
        """Writes the new output if the next part is due. `streams`: by name."""
        now = self._now()
        if now < self._due or any(not write.done() for write in self._writes.values()):
            return
        self._due = now + min(PAUSE_MAX_S, max(PAUSE_MIN_S, (now - self._started) * PAUSE_SHARE))
        self._write(streams)

    def keep(self, streams: Mapping[str, LogStream]) -> None:
        """Writes the rest of a log that no whole log will replace."""
        self._write(streams)
        self._wait()

    def remove(self) -> None:
        """Deletes the parts after the whole log was written."""
        self._wait()
        for deletion in [self._store.submit(self._store.delete, key) for key in self._writes]:
            _succeeds(deletion)

    def _write(self, streams: Mapping[str, LogStream]) -> None:
        for name, stream in streams.items():
            data = stream.fresh()
            if data:
                key = f"{self._prefix}{self._number:05d}.{name}"
                self._writes[key] = self._store.submit(self._store.put, key, data)
                self._number += 1

    def _wait(self) -> None:
        for write in self._writes.values():
            _succeeds(write)


def _succeeds(request: Future[str | None] | Future[None]) -> bool:
    """Waits for a request; False if it failed. A step does not fail because a part is lost or remains."""
    return request.exception() is None
