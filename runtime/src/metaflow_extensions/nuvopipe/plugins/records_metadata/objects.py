"""Objects of an S3 datastore, through the client that Metaflow reads artifacts with.

The client is boto3's. Unlike obstore it leaves no thread behind, so a step can fork after it has read something.
"""

from __future__ import annotations

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from botocore.client import BaseClient

T = TypeVar("T")
U = TypeVar("U")

PARALLEL_REQUESTS = 16

CONFLICT_ATTEMPTS = 5
"""How often a conditional PUT is tried if another one for the same object is under way (409)."""


class Objects:
    """Keys are relative to `root`, the datastore's: `s3://bucket/prefix`. Errors are boto3's."""

    def __init__(self, root: str) -> None:
        self._bucket, _, prefix = root.removeprefix("s3://").rstrip("/").partition("/")
        self._prefix = prefix + "/" if prefix else ""

    def get(self, key: str) -> tuple[bytes, str] | None:
        """Returns (bytes, ETag); None if the object does not exist."""
        client = _client()
        try:
            answer = client.get_object(Bucket=self._bucket, Key=self._prefix + key)
        except client.exceptions.NoSuchKey:
            return None
        return answer["Body"].read(), answer["ETag"]

    def replace(self, key: str, data: bytes, e_tag: str) -> bool:
        """Compare-and-swap; False if the object has changed."""
        from botocore.exceptions import ClientError

        for last in range(CONFLICT_ATTEMPTS):
            try:
                _client().put_object(Bucket=self._bucket, Key=self._prefix + key, Body=data, IfMatch=e_tag)
                return True
            except ClientError as error:
                status = error.response["ResponseMetadata"]["HTTPStatusCode"]
                if status in (404, 412):
                    return False
                if status != 409 or last == CONFLICT_ATTEMPTS - 1:
                    raise
        return False

    def keys(self, prefix: str) -> Iterator[str]:
        """All keys that begin with the prefix, in order."""
        for page in self._pages(prefix):
            yield from (entry["Key"][len(self._prefix) :] for entry in page.get("Contents", ()))

    def folders(self, prefix: str) -> Iterator[str]:
        """Names of the folders directly below a prefix that ends in `/`."""
        start = len(self._prefix + prefix)
        for page in self._pages(prefix, Delimiter="/"):
            yield from (entry["Prefix"][start:-1] for entry in page.get("CommonPrefixes", ()))

    def _pages(self, prefix: str, **options: str) -> Iterable[dict[str, Any]]:
        paginator = _client().get_paginator("list_objects_v2")
        pages: Iterable[dict[str, Any]] = paginator.paginate(Bucket=self._bucket, Prefix=self._prefix + prefix, **options)
        return pages


def in_parallel(function: Callable[[T], U], items: Iterable[T]) -> list[U]:
    """Calls a function in threads; returns the results in order. The threads end before it returns."""
    items = list(items)
    if len(items) < 2:
        return [function(item) for item in items]
    with ThreadPoolExecutor(min(PARALLEL_REQUESTS, len(items))) as pool:
        return list(pool.map(function, items))


_lock = threading.RLock()
_s3: BaseClient | None = None


def _client() -> BaseClient:
    """Returns the client that the threads of a process share."""
    global _s3
    with _lock:
        if _s3 is None:
            from botocore.config import Config
            from metaflow.metaflow_config import DATATOOLS_CLIENT_PARAMS, S3_CLIENT_RETRY_CONFIG
            from metaflow.plugins.datatools.s3.s3util import get_s3_client

            config = Config(max_pool_connections=PARALLEL_REQUESTS, retries=S3_CLIENT_RETRY_CONFIG)
            _s3, _ = get_s3_client(s3_client_params={**DATATOOLS_CLIENT_PARAMS, "config": config})
        return _s3


def _leave_to_parent() -> None:
    """In a forked child, forgets the parent's connections: ours and those of Metaflow's client."""
    global _lock, _s3
    _lock, _s3 = threading.RLock(), None
    core = sys.modules.get("metaflow.client.core")
    if core is not None:
        vars(core)["filecache"] = None


# Prevents a fork in the middle of an import, which would never end in the child.
os.register_at_fork(before=lambda: _lock.acquire(), after_in_parent=lambda: _lock.release(), after_in_child=_leave_to_parent)
