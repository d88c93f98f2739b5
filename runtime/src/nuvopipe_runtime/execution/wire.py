"""Frames between supervisor and task: a JSON header on a line of its own, then as many raw bytes as its `size` says.

The supervisor never unpickles what a task sends, because tasks run the user's code and the supervisor has every step's secrets.
"""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from .blobs import BlobAttributes

CHUNK = 1 << 20


class Header(TypedDict, total=False):
    op: str
    """The operation of a request or an answer; absent for artifacts that come with a task's request."""
    size: int
    """Length of the body in bytes; 0 if absent."""
    along: int
    """In a task's request: number of artifacts that follow it."""
    key: str
    keys: list[str]
    attributes: BlobAttributes | None
    """Metaflow's user attributes of an artifact."""
    ok: bool
    """In `end`: whether the task succeeded."""
    message: str
    """Of `error`."""


class Wire:
    """One end of a connected stream socket, blocking."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._file = connection.makefile("rb", buffering=CHUNK)

    def fileno(self) -> int:
        return self._socket.fileno()

    def send(self, header: Header, body: bytes = b"") -> None:
        if len(body):
            header = {**header, "size": len(body)}
        line = json.dumps(header, separators=(",", ":")).encode() + b"\n"
        if len(body) < CHUNK:
            self._socket.sendall(line + bytes(body))
        else:
            self._socket.sendall(line)
            self._socket.sendall(body)

    def receive(self) -> tuple[Header, bytes] | None:
        """(header, body), or None if the other side is gone."""
        try:
            line = self._file.readline()
        except ConnectionError:
            return None
        if not line.endswith(b"\n"):
            return None
        header: Header = json.loads(line)
        size = header.get("size", 0)
        body = self._file.read(size) if size else b""
        return (header, body) if len(body) == size else None

    def close(self) -> None:
        self._file.close()
        self._socket.close()
