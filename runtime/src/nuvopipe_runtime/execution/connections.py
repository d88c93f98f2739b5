"""A task's connections to its supervisor. Each is used by one thread of one process at a time.

The main thread uses the wire that the task was started with. Other threads and child processes open connections: they send one
end of a new socket pair through the door, and the supervisor serves it.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from typing import TYPE_CHECKING

from .wire import Wire

if TYPE_CHECKING:
    from collections.abc import Iterator

KNOCK = b"c"
"""Sent through the door with the descriptor of a connection, which the supervisor then serves."""

IDLE_MAX = 8
"""How many connections a process keeps open for further requests."""


class Connections:
    def __init__(self, wire: Wire, door: socket.socket) -> None:
        """`wire` belongs to the task; `door` is a socket shared with forked processes: each message is one byte and one
        descriptor, so messages cannot interleave."""
        self._door = door
        self._wire: Wire | None = wire
        self._lock = threading.Lock()
        self._idle: list[Wire] = []
        self._main_thread = threading.get_ident()
        self._is_busy = False
        """Whether the main thread is in the middle of an answer, since unpickling it may read further artifacts."""
        os.register_at_fork(after_in_child=self._start_in_child)

    @contextlib.contextmanager
    def use(self) -> Iterator[Wire]:
        """Yields a connection for exclusive use. A connection that is left in the middle of an answer is discarded."""
        if self._wire is not None and threading.get_ident() == self._main_thread and not self._is_busy:
            self._is_busy = True
            yield self._wire
            self._is_busy = False
            return
        wire = self._take()
        try:
            yield wire
        except BaseException:
            wire.close()
            raise
        self._give_back(wire)

    def _start_in_child(self) -> None:
        """Drops the parent's connections and its lock, which might be held by a thread that the child does not have."""
        if self._wire is not None:
            self._wire.close()
            self._wire = None
        for wire in self._idle:
            wire.close()
        self._lock = threading.Lock()
        self._idle = []

    def _take(self) -> Wire:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        ours, theirs = socket.socketpair()
        with theirs:
            socket.send_fds(self._door, [KNOCK], [theirs.fileno()])
        return Wire(ours)

    def _give_back(self, wire: Wire) -> None:
        with self._lock:
            if len(self._idle) < IDLE_MAX:
                self._idle.append(wire)
                return
        wire.close()
