"""Frames between supervisor and task: a JSON header on a line of its own, then as many raw bytes as its `size` says.

The supervisor never unpickles anything that a task sends: a task runs the user's code, and only the supervisor knows the
OpenWhisk key.
"""

import json

CHUNK = 1 << 20


class Wire:
    """One end of a connected stream socket, blocking."""

    def __init__(self, connection):
        self._socket = connection
        self._file = connection.makefile("rb", buffering=CHUNK)

    def fileno(self):
        return self._socket.fileno()

    def send(self, header, body=b""):
        header = dict(header, size=len(body)) if len(body) else header
        line = json.dumps(header, separators=(",", ":")).encode() + b"\n"
        if len(body) < CHUNK:
            self._socket.sendall(line + bytes(body))
        else:
            self._socket.sendall(line)
            self._socket.sendall(body)

    def receive(self):
        """(header, body), or None once the other side is gone."""
        try:
            line = self._file.readline()
        except ConnectionError:
            return None
        if not line.endswith(b"\n"):
            return None
        header = json.loads(line)
        size = header.get("size", 0)
        body = self._file.read(size) if size else b""
        return (header, body) if len(body) == size else None

    def close(self):
        self._file.close()
        self._socket.close()
