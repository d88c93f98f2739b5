"""Metaflow's datastore, as a task sees it: artifacts go to and come from the supervisor, everything else stays here.

The object format is exactly that of Metaflow's own S3 datastore. What a task writes about itself (`0.data.json`,
`0.DONE.lock`, …) is kept back: the supervisor writes it once the attempt has won the commit.
"""

import json
import os
import tempfile

from metaflow.datastore.datastore_storage import CloseAfterUse, DataStoreStorage
from metaflow.datastore.flow_datastore import MetadataCache

from .storage_keys import is_artifact_key, key_of
from .told_inputs import hear

SHARED_MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
SHARED_MEMORY_MAX = 1 << 20
"""Larger artifacts pass through a file on disk: a container's shared memory is 64 MB by default."""


class SupervisedStorage(DataStoreStorage):
    TYPE = "s3"

    connections = None
    """To the supervisor. Set in the forked task, before Metaflow runs."""

    known = set()
    """Keys of artifacts that exist already: the inputs'."""

    data = None
    """Content of the task's `<attempt>.data.json`, once Metaflow has written it."""

    @classmethod
    def get_datastore_root_from_config(cls, echo, create_on_absent=True):
        return os.environ["METAFLOW_DATASTORE_SYSROOT_S3"]

    def is_file(self, paths):
        # An unknown artifact is said to be absent: to write it again is harmless, to ask first would cost a request.
        return [path in self.known for path in paths]

    def info_file(self, path):
        return path in self.known, None

    def size_file(self, path):
        return None

    def list_content(self, paths):
        return []

    def save_bytes(self, path_and_bytes_iter, overwrite=False, len_hint=0):
        for path, content in path_and_bytes_iter:
            stream, attributes = content if isinstance(content, tuple) else (content, None)
            data = stream.read() if hasattr(stream, "read") else stream
            if is_artifact_key(path):
                SupervisedStorage.known.add(path)
                with self.connections.use() as wire:
                    wire.send({"op": "put", "key": path, "attributes": attributes}, data)
            elif path.endswith(".data.json"):
                SupervisedStorage.data = data

    def load_bytes(self, paths):
        names = []

        def loaded():
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
            def close(self):
                for name in names:
                    os.unlink(name)

        return CloseAfterUse(loaded(), closer=Closer())

    def _received(self, paths):
        """(path, header, data) of each artifact. Metaflow often leaves after the last one, without asking whether it was."""
        if not paths:
            return
        with self.connections.use() as wire:
            wire.send({"op": "get", "keys": paths})
            for path in paths[:-1]:
                yield path, *_answer(wire)
            last = _answer(wire)
        yield paths[-1], *last


def _answer(wire):
    """(header, data) of the next artifact."""
    answer = wire.receive()
    if answer is None:
        raise OSError("an artifact could not be read: the step's supervisor is gone")
    if answer[0]["op"] == "error":
        raise OSError(answer[0]["message"])
    return answer


class InputRecords(MetadataCache):
    """What Metaflow would read from the inputs' `data.json`: the supervisor has it from their commit records."""

    def __init__(self, inputs):
        self._inputs = inputs

    def load_metadata(self, run_id, step_name, task_id, attempt):
        return self._inputs.get(f"{run_id}/{step_name}/{task_id}/{attempt}")

    def store_metadata(self, run_id, step_name, task_id, attempt, metadata_dict):
        pass


def give_inputs(flow_datastore, request):
    """Lets a flow's datastore open exactly the inputs of a request, without asking the store about their attempts.

    Answers their paths, in order.
    """
    inputs = hear(request)
    records = InputRecords(inputs)
    flow_datastore.set_metadata_cache(records)
    flow = flow_datastore.flow_name
    SupervisedStorage.known = {key_of(flow, sha) for told in inputs.values() for sha in told["objects"].values()}

    def get_task_datastores(run_id=None, steps=None, pathspecs=None, **_):
        # Metaflow's own builds wrong addresses for paths with an attempt once there are more than four of them.
        opened = []
        for path in pathspecs or []:
            run, step, task, attempt = path.split("/")
            opened.append(
                flow_datastore.get_task_datastore(
                    run, step, task, attempt=int(attempt), data_metadata=records.load_metadata(run, step, task, attempt)
                )
            )
        return opened

    flow_datastore.get_task_datastores = get_task_datastores
    return list(inputs)


def parse_data(data):
    """(objects, info) of a task's `data.json`."""
    content = json.loads(data)
    return content["objects"], content["info"]
