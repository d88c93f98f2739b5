"""Layers: the wheels of `environment.pip`, as a zip in the datastore that is unpacked once per machine."""

from __future__ import annotations

import io
import os
import re
import shutil
import tempfile
import zipfile
from typing import Any, Protocol

from .contract.layout import layer_key

ROOT = os.path.join(tempfile.gettempdir(), f"nuvopipe-layers-{os.getuid()}")


class LayerSource(Protocol):
    """The part of a store that layers are read from."""

    def get(self, key: str, /) -> tuple[Any, ...] | None:
        """Returns the object's content first; None if the object does not exist."""


def ensure_layer(store: LayerSource, digest: str) -> str:
    """Returns the directory to put on `sys.path`; unpacks the layer first if needed."""
    if not re.fullmatch(r"[0-9a-f]{8,64}", digest):
        raise ValueError("not the digest of a layer")
    os.makedirs(ROOT, mode=0o700, exist_ok=True)
    if os.stat(ROOT).st_uid != os.getuid():
        raise PermissionError(f"{ROOT} belongs to another user, so its code cannot be trusted")
    directory = os.path.join(ROOT, digest)
    if os.path.isdir(directory):
        return directory
    found = store.get(layer_key(digest))
    if found is None:
        raise FileNotFoundError(f"the flow's packages (layer {digest}) are not in the datastore: deploy it again")
    unpacked = tempfile.mkdtemp(prefix=digest, dir=ROOT)
    with zipfile.ZipFile(io.BytesIO(found[0])) as archive:
        archive.extractall(unpacked)
    try:
        os.rename(unpacked, directory)
    except OSError:
        shutil.rmtree(unpacked, ignore_errors=True)  # another container on this machine was faster
    return directory
