"""Metaflow's datastore inside a task: artifacts are read and written through the supervisor, everything else stays here.

The object format is exactly that of Metaflow's own S3 datastore. What a task writes about itself (`0.data.json`,
`0.DONE.lock`, …) is kept back: the supervisor writes it once the attempt has won the commit.
"""

from __future__ import annotations

import json
import os
import tempfile
from typing import TYPE_CHECKING, Any, ClassVar

from metaflow.datastore.datastore_storage import CloseAfterUse, DataStoreStorage
from metaflow.datastore.flow_datastore import MetadataCache

from . import metaflow_patches
from .storage_keys import is_artifact_key, key_of
from .told_inputs import hear

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import BinaryIO

    from metaflow.datastore.flow_datastore import FlowDataStore

    from ..contract.formats import ArtifactInfo, DroppedInfo
    from .blobs import BlobAttributes
    from .connections import Connections
    from .request import InputFacts, Request
    from .wire import Header, Wire

SHARED_MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
SHARED_MEMORY_MAX = 1 << 20
"""Larger artifacts pass through a file on disk: a container's shared memory is 64 MB by default."""


class SupervisedStorage(DataStoreStorage):
    TYPE = "s3"

    connections: ClassVar[Connections]
    """Connections to the supervisor. Set in the forked task before Metaflow runs."""

    known: ClassVar[set[str]] = set()
    """Keys of artifacts that already exist because the inputs have them."""

    data: ClassVar[bytes | None] = None
    """Content of the task's `<attempt>.data.json`, once Metaflow has written it."""

    @classmethod
    def get_datastore_root_from_config(cls, echo: object, create_on_absent: bool = True) -> str:
        return os.environ["METAFLOW_DATASTORE_SYSROOT_S3"]

    def is_file(self, paths: Iterable[str]) -> list[bool]:
        # Unknown artifacts count as absent: writing one again is harmless, and asking first would cost a request.
        return [path in self.known for path in paths]

    def info_file(self, path: str) -> tuple[bool, None]:
        return path in self.known, None

    def size_file(self, path: str) -> None:
        return None

    def list_content(self, paths: Iterable[str]) -> list[Any]:
        return []

    def save_bytes(
        self,
        path_and_bytes_iter: Iterable[tuple[str, BinaryIO | tuple[BinaryIO, BlobAttributes]]],
        overwrite: bool = False,
        len_hint: int = 0,
    ) -> None:
        for path, content in path_and_bytes_iter:
            stream, attributes = content if isinstance(content, tuple) else (content, None)
            data = stream.read()
            if is_artifact_key(path):
                SupervisedStorage.known.add(path)
                with self.connections.use() as wire:
                    wire.send({"op": "put", "key": path, "attributes": attributes}, data)
            elif path.endswith(".data.json"):
                SupervisedStorage.data = data

    def load_bytes(self, paths: Iterable[str]) -> CloseAfterUse:
        names: list[str] = []

        def loaded() -> Iterator[tuple[str, str | None, BlobAttributes | None]]:
            for path, header, data in self._received(list(paths)):
                if header["op"] == "absent":
                    yield path, None, None
                    continue
                place = SHARED_MEMORY if len(data) <= SHARED_MEMORY_MAX else None
                descriptor, name = tempfile.mkstemp(prefix="nuvopipe-", dir=place)
                names.append(name)
                with open(descriptor, "wb") as file:
                    file.write(data)
                yield path, name, header["attributes"]
                os.unlink(names.pop())

        class Closer:
            def close(self) -> None:
                for name in names:
                    os.unlink(name)

        return CloseAfterUse(loaded(), closer=Closer())

    def _received(self, paths: list[str]) -> Iterator[tuple[str, Header, bytes]]:
        """Yields (path, header, data) of each artifact. Metaflow often does not exhaust the iterator."""
        if not paths:
            return
        with self.connections.use() as wire:
            wire.send({"op": "get", "keys": paths})
            for path in paths[:-1]:
                yield path, *_answer(wire)
            last = _answer(wire)
        yield paths[-1], *last


def _answer(wire: Wire) -> tuple[Header, bytes]:
    """Returns (header, data) of the next artifact."""
    answer = wire.receive()
    if answer is None:
        raise OSError("an artifact could not be read: the step's supervisor is gone")
    if answer[0]["op"] == "error":
        raise OSError(answer[0]["message"])
    return answer


class InputRecords(MetadataCache):
    """Replaces the inputs' `data.json`: the supervisor has the same facts from their commit records."""

    def __init__(self, inputs: dict[str, InputFacts]) -> None:
        self._inputs = inputs

    def load_metadata(self, run_id: str, step_name: str, task_id: str, attempt: int | str) -> InputFacts | None:
        return self._inputs.get(f"{run_id}/{step_name}/{task_id}/{attempt}")

    def store_metadata(self, run_id: str, step_name: str, task_id: str, attempt: int, metadata_dict: dict[str, Any]) -> None:
        pass


def give_inputs(flow_datastore: FlowDataStore, request: Request) -> list[str]:
    """Lets a flow's datastore open exactly the inputs of a request. Returns their paths, in order."""
    inputs = hear(request)
    metaflow_patches.open_only(flow_datastore, InputRecords(inputs))
    flow: str = flow_datastore.flow_name
    SupervisedStorage.known = {key_of(flow, sha) for told in inputs.values() for sha in told["objects"].values()}
    return list(inputs)


def parse_data(data: bytes) -> tuple[dict[str, str], dict[str, ArtifactInfo | DroppedInfo]]:
    """Returns (objects, info) of a task's `data.json`."""
    content = json.loads(data)
    return content["objects"], content["info"]
