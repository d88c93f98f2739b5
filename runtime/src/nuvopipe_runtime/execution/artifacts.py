"""Artifacts between a task and the store: the supervisor reads and writes them while the task continues."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections import OrderedDict
from typing import TYPE_CHECKING

from ..store import explain
from .read_ahead import ReadAhead
from .storage_keys import artifact_key, key_of
from .wire import Wire

if TYPE_CHECKING:
    from concurrent.futures import Future
    from typing import TypeAlias

    from ..store import Store
    from .blobs import BlobAttributes
    from .request import Outcome, Request
    from .wire import Header

    Blob: TypeAlias = tuple[bytes, BlobAttributes | None]
    """An artifact as it is stored: its content, attributes and ETag."""

BLOB_CACHE_BYTES = 32 << 20
BLOB_CACHE_MAX_BLOB = 256 << 10
BLOB_OVERHEAD_BYTES = 1 << 10
"""Limits of the cache. The supervisor shares the step's memory, so the cache may take an eighth of OpenWhisk's default of
256 MB. The number of entries is limited because an entry takes more memory than a small artifact."""

ALONG_MAX_BYTES = 64 << 10
ALONG_INPUTS_MAX = 4
"""Maximum number of small artifacts sent along with a task's request. A join with more inputs asks for what it needs."""

KNOWN_MAX = 20_000

KNOWN_FOR_S = 3600
"""For how long an artifact seen in the store is not written again. `nuvopipe prune` deletes unused artifacts, but none that was
in use within a day (`SETTLED_MS` of `src/platform/runs/retention.ts`)."""


class BlobCache:
    """Keeps the newest small artifacts that passed through this container; content-addressed, so never stale.

    It is thread-safe.
    """

    def __init__(self) -> None:
        self._blobs: OrderedDict[str, Blob] = OrderedDict()
        self._room = BLOB_CACHE_BYTES
        self._lock = threading.Lock()
        self.known: OrderedDict[str, float] = OrderedDict()
        """Time at which an artifact was last seen in the store, by key, epoch seconds."""

    def __contains__(self, key: object) -> bool:
        return key in self._blobs

    def get(self, key: str) -> Blob | None:
        with self._lock:
            found = self._blobs.get(key)
            if found is not None:
                self._blobs.move_to_end(key)
            return found

    def add(self, key: str, data: bytes, attributes: BlobAttributes | None) -> None:
        self.learn(key)
        with self._lock:
            if len(data) > BLOB_CACHE_MAX_BLOB or key in self._blobs:
                return
            self._blobs[key] = (data, attributes)
            self._room -= len(data) + BLOB_OVERHEAD_BYTES
            while self._room < 0:
                _, (old, _) = self._blobs.popitem(last=False)
                self._room += len(old) + BLOB_OVERHEAD_BYTES

    def is_known(self, key: str) -> bool:
        """Whether the artifact is in the store and need not be written."""
        return time.time() - self.known.get(key, 0) < KNOWN_FOR_S

    def learn(self, key: str) -> None:
        with self._lock:
            self.known[key] = time.time()
            self.known.move_to_end(key)
            if len(self.known) > KNOWN_MAX:
                self.known.popitem(last=False)


class ArtifactServer(threading.Thread):
    """Answers a task's requests for artifacts, in order per connection. Writes to the store while the task continues.

    This thread serves the task's own wire; `admit` starts another for a connection of the task's threads or child processes.
    """

    def __init__(self, wire: Wire, store: Store, blobs: BlobCache, flow: str, operation: str, request: Request) -> None:
        super().__init__(daemon=True)
        self._flow = flow
        self._wire = wire
        self._store = store
        self._blobs = blobs
        self._first = (operation, request)
        self._ahead = ReadAhead(store, request)
        self._lock = threading.Lock()
        """Guards the writes and the reads ahead."""
        self._writes: list[tuple[Future[str | None], str, bytes, BlobAttributes | None]] = []
        self._admitted: list[socket.socket] = []
        self._result: Outcome = {}
        self.ok = False
        self.error: str | None = None

    def run(self) -> None:
        try:
            self._send_request(*self._first)
            while (frame := self._wire.receive()) is not None:
                header, body = frame
                if header["op"] == "end":
                    self._result = json.loads(body)
                    self.ok = header["ok"]
                else:
                    self._serve(self._wire, header, body)
            self._finish_writes()
        except ConnectionError:
            pass  # the task has ended prematurely
        except Exception as error:
            self.ok = False
            self.error = f"the step's artifacts could not be stored: {explain(error)}"
        finally:
            self._ahead.close()
            self._wire.close()

    def _send_request(self, operation: str, request: Request) -> None:
        """Sends the request with the cached small artifacts of the inputs: most tasks ask for nothing else."""
        along: list[tuple[str, Blob]] = []
        room = ALONG_MAX_BYTES
        for told in request.get("inputs", [])[:ALONG_INPUTS_MAX]:
            for sha in told["objects"].values():
                key = key_of(self._flow, sha)
                cached = self._blobs.get(key)
                if cached is not None and len(cached[0]) <= room:
                    room -= len(cached[0])
                    along.append((key, cached))
        self._wire.send({"op": operation, "along": len(along)}, json.dumps(request).encode())
        for key, (data, attributes) in along:
            self._wire.send({"key": key, "attributes": attributes}, data)

    def admit(self, connection: socket.socket) -> None:
        """Serves another connection until the other side or `dismiss` closes it."""
        self._admitted.append(connection)
        threading.Thread(target=self._serve_all, args=(Wire(connection),), daemon=True).start()

    def dismiss(self) -> None:
        """Stops answering after the task's end, since processes that it started may outlive it."""
        for connection in self._admitted:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def outcome(self) -> Outcome:
        return self._result

    def _serve_all(self, wire: Wire) -> None:
        try:
            while (frame := wire.receive()) is not None:
                self._serve(wire, *frame)
        except (OSError, ValueError):
            pass  # a child process ended in the middle of a request
        finally:
            wire.close()

    def _serve(self, wire: Wire, header: Header, body: bytes) -> None:
        operation = header["op"]
        if operation == "put":
            key = artifact_key(header["key"])
            if not self._blobs.is_known(key):
                attributes = {"metaflow-user-attributes": json.dumps(header["attributes"])}
                write = self._store.submit(self._store.put, key, body, attributes)
                with self._lock:
                    self._writes.append((write, key, body, header["attributes"]))
        elif operation == "get":
            self._finish_writes()
            self._send_artifacts(wire, [artifact_key(key) for key in header["keys"]])

    def _finish_writes(self) -> None:
        with self._lock:
            for write, key, data, attributes in self._writes:
                write.result()
                self._blobs.add(key, data, attributes)
            self._writes.clear()

    def _send_artifacts(self, wire: Wire, keys: list[str]) -> None:
        with self._lock:
            pending = {key: self._ahead.get(key) for key in keys if key not in self._blobs}
            for key in keys:
                self._ahead.follow(key, self._blobs)
        for key in keys:
            cached = self._blobs.get(key)
            if cached is None:
                try:
                    found = pending[key].result() if key in pending else self._store.get(key)
                except Exception as error:
                    wire.send({"op": "error", "message": f"an artifact could not be read: {error}"})
                    return
                if found is None:
                    wire.send({"op": "absent"})
                    continue
                data, attributes, _ = found
                text = attributes.get("metaflow-user-attributes")
                cached = (data, json.loads(text) if text else None)
                self._blobs.add(key, *cached)
            wire.send({"op": "blob", "attributes": cached[1]}, cached[0])
