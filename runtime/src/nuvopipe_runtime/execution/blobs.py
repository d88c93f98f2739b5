"""Reads artifacts for a task without Metaflow's temporary files: Metaflow's content-addressed store asks here first."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, TypedDict

from .storage_keys import key_of

if TYPE_CHECKING:
    from .connections import Connections

PACKED_VERSION = 1
"""Metaflow (2.19.39, `content_addressed_store.py`) packs with gzip, and says so in the object's attributes."""

GZIP = 31
"""zlib's `wbits` for data with a gzip header."""


class BlobAttributes(TypedDict, total=False):
    """The user attributes that Metaflow gives an artifact's object."""

    cas_raw: bool
    cas_version: int


class TaskBlobs:
    """A cache for `ContentAddressedStore.set_blob_cache`. Keys are the SHA-1 of an artifact's content."""

    def __init__(self, flow: str, connections: Connections, sent: dict[str, tuple[BlobAttributes | None, bytes]]) -> None:
        """`sent`: (attributes, data) of the small artifacts that came with the request, by the object's key."""
        self._flow = flow
        self._connections = connections
        self._sent = sent

    def load_key(self, sha: str) -> bytes | None:
        """Returns the artifact's content; None if Metaflow should read it and report what is wrong with it."""
        key = key_of(self._flow, sha)
        attributes, data = self._sent.get(key) or self._ask(key)
        if attributes is None:
            return None
        if attributes.get("cas_raw"):
            return data
        return zlib.decompress(data, GZIP) if attributes.get("cas_version") == PACKED_VERSION else None

    def store_key(self, sha: str, blob: bytes) -> None:
        pass

    def _ask(self, key: str) -> tuple[BlobAttributes | None, bytes]:
        with self._connections.use() as wire:
            wire.send({"op": "get", "keys": [key]})
            answer = wire.receive()
        if answer is None or answer[0]["op"] != "blob":
            return None, b""
        return answer[0].get("attributes"), answer[1]
