"""The object store, through obstore. Only the supervisor imports it: obstore starts threads, which do not survive a fork."""

from __future__ import annotations

import hmac
import json
import math
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import obstore
from obstore.exceptions import (
    AlreadyExistsError,
    BaseError,
    NotFoundError,
    PermissionDeniedError,
    PreconditionError,
    UnauthenticatedError,
)
from obstore.store import S3Store

from .contract.protocol import RECORDS_VERSION
from .contract.versions import OtherVersion, check_version

if TYPE_CHECKING:
    import builtins
    from collections.abc import Callable, Iterable
    from concurrent.futures import Future
    from typing import TypeAlias

    from obstore import Attributes, UpdateVersion
    from obstore.store import ClientConfig, ObjectStore, RetryConfig, S3Config

    from .contract.formats import StoreSettings

    Found: TypeAlias = tuple[bytes, Attributes, str | None]
    """An object's content, its user metadata and its ETag."""

T = TypeVar("T")

PARALLEL_REQUESTS = 32
"""Concurrent requests; obstore pools their connections."""

REQUEST_TIMEOUT_S = 30
RETRY_TIMEOUT_S = 60
MAX_RETRIES = 8


class Lost(Exception):
    """A conditional PUT found another object in place."""


class NotARecord(Exception):
    """Raised if the object under a record's key is not a record, because another program wrote it."""

    def __init__(self, key: str) -> None:
        super().__init__(f"the object {key} in the datastore is not the record that it should be")


def explain(error: BaseException) -> str:
    """Describes an error in one line for users; obstore's own messages span many lines."""
    if isinstance(error, (NotARecord, OtherVersion)):
        return str(error)
    if isinstance(error, (PermissionDeniedError, UnauthenticatedError)):
        return "S3 refuses the keys with which the flow was deployed"
    text = str(error).split("\n", 1)[0]
    if isinstance(error, BaseError):
        return "S3 failed: " + text.removeprefix("Generic S3 error: ")
    return f"{type(error).__name__}: {text}"


def open_store(settings: StoreSettings) -> Store:
    """Opens the store of `StoreSettings` (`src/contract/records.ts`), as bound to the step action."""
    options: ClientConfig = {"timeout": timedelta(seconds=REQUEST_TIMEOUT_S)}
    config: S3Config = {
        "region": settings.get("region") or "us-east-1",
        "access_key_id": settings["accessKeyId"],
        "secret_access_key": settings["secretAccessKey"],
    }
    endpoint = settings.get("endpoint")
    if endpoint:
        options["allow_http"] = endpoint.startswith("http://")
        config["endpoint"] = endpoint
        config["virtual_hosted_style_request"] = False
    if settings.get("sessionToken"):
        config["session_token"] = settings["sessionToken"]
    retries: RetryConfig = {"max_retries": MAX_RETRIES, "retry_timeout": timedelta(seconds=RETRY_TIMEOUT_S)}
    objects = S3Store(settings["bucket"], config=config, client_options=options, retry_config=retries)
    prefix = settings.get("prefix") or ""
    root = "/".join(filter(None, ["s3:/", settings["bucket"], prefix]))
    return Store(objects, prefix, root, settings["secretAccessKey"])


class Store:
    """Objects of a datastore. Keys are relative to its root; values are bytes, or JSON if the name says so.

    `requests` counts requests, not counting retries.
    """

    def __init__(self, objects: ObjectStore, prefix: str, root: str, secret: str = "") -> None:
        self._secret = secret.encode()
        self._objects = objects
        self._prefix = prefix + "/" if prefix else ""
        self.root = root
        self._pool = ThreadPoolExecutor(PARALLEL_REQUESTS)
        self.requests = 0

    def derive_key(self, purpose: str) -> bytes:
        """A 32-byte key that only holders of the store's credentials can derive."""
        return hmac.digest(self._secret, f"nuvopipe: {purpose}".encode(), "sha256")

    def put(self, key: str, data: bytes, attributes: Attributes | None = None) -> str | None:
        """Writes an object; returns its ETag. `attributes` become S3 user metadata, which Metaflow expects on artifacts."""
        self.requests += 1
        return obstore.put(self._objects, self._prefix + key, data, attributes=attributes, use_multipart=False)["e_tag"]

    def create(self, key: str, data: bytes) -> str | None:
        """Conditional PUT (`If-None-Match: *`). Raises `Lost` if the object exists."""
        self.requests += 1
        try:
            return obstore.put(self._objects, self._prefix + key, data, mode="create", use_multipart=False)["e_tag"]
        except (AlreadyExistsError, PreconditionError) as error:
            raise Lost(key) from error

    def replace(self, key: str, data: bytes, e_tag: str | None) -> str | None:
        """Compare-and-swap on the ETag. Raises `Lost` if the object has changed."""
        self.requests += 1
        try:
            mode: UpdateVersion = {"e_tag": e_tag}
            return obstore.put(self._objects, self._prefix + key, data, mode=mode, use_multipart=False)["e_tag"]
        except (PreconditionError, NotFoundError, AlreadyExistsError) as error:
            raise Lost(key) from error

    def get(self, key: str) -> Found | None:
        """The object, or None if it does not exist."""
        self.requests += 1
        try:
            answer = obstore.get(self._objects, self._prefix + key)
            return answer.bytes().to_bytes(), answer.attributes, answer.meta["e_tag"]
        except (NotFoundError, FileNotFoundError):
            return None

    def get_json(self, key: str) -> Any:
        """A record, or None if it does not exist. Raises `NotARecord`, `OtherVersion`."""
        found = self.get(key)
        return None if found is None else parse_record(key, found[0])

    def find_json(self, key: str, *names: str) -> Any:
        """A record that has these keys; None if it does not exist or is unusable."""
        try:
            record = self.get_json(key)
        except (NotARecord, OtherVersion):
            return None
        return record if record is not None and all(name in record for name in names) else None

    def exists(self, key: str) -> bool:
        self.requests += 1
        try:
            obstore.head(self._objects, self._prefix + key)
            return True
        except (NotFoundError, FileNotFoundError):
            return False

    def copy(self, source: str, key: str) -> None:
        """Copies an object within the store, if it exists."""
        self.requests += 1
        try:
            obstore.copy(self._objects, self._prefix + source, self._prefix + key)
        except (NotFoundError, FileNotFoundError):
            pass

    def delete(self, key: str) -> None:
        self.requests += 1
        obstore.delete(self._objects, self._prefix + key)

    def list(self, prefix: str) -> builtins.list[str]:
        """All keys below a prefix that ends in `/`, relative to the root."""
        keys: builtins.list[str] = []
        for page in obstore.list(self._objects, self._prefix + prefix, chunk_size=1000):
            self.requests += 1
            keys += [entry["path"][len(self._prefix) :] for entry in page]
        return keys

    def list_stem(self, stem: str) -> builtins.list[str]:
        """All keys with this prefix, which need not end in `/`. Other keys of the folder are not read."""
        keys: builtins.list[str] = []
        folder = stem[: stem.rindex("/") + 1]
        for page in obstore.list(self._objects, self._prefix + folder, offset=self._prefix + stem, chunk_size=1000):
            self.requests += 1
            found = [entry["path"][len(self._prefix) :] for entry in page]
            keys += [key for key in found if key.startswith(stem)]
            if len(keys) == 0 or keys[-1] != found[-1]:
                break
        return keys

    def names(self, prefix: str) -> set[str]:
        """Names directly below a prefix that ends in `/`, in one request."""
        self.requests += 1
        found = obstore.list_with_delimiter(self._objects, self._prefix + prefix)["objects"]
        return {entry["path"].rsplit("/", 1)[1] for entry in found}

    def submit(self, function: Callable[..., T], *arguments: Any) -> Future[T]:
        return self._pool.submit(function, *arguments)

    def parallel(self, calls: Iterable[tuple[Callable[..., T], *tuple[Any, ...]]]) -> builtins.list[T]:
        """Calls `(function, *arguments)` tuples concurrently; returns their results in order, or raises the first error."""
        calls = [*calls]
        if not calls:
            return []
        if len(calls) == 1:
            function, *arguments = calls[0]
            return [function(*arguments)]
        futures = [self._pool.submit(function, *arguments) for function, *arguments in calls]
        return [future.result() for future in futures]


def parse_record(key: str, data: bytes) -> Any:
    """The record that an object holds. Raises `NotARecord`, `OtherVersion`."""
    try:
        record = json.loads(data)
    except ValueError as error:
        raise NotARecord(key) from error
    if not isinstance(record, dict):
        raise NotARecord(key)
    check_version(f"the record {key}", record, RECORDS_VERSION)
    return record


def create_once(store: Store, key: str, value: Any) -> bool:
    """Creates a record. True if the object now has this content, from this or an earlier call; False if it has other content.

    A PUT that is retried because its first answer was lost finds its own object.
    """
    try:
        store.create(key, to_json(value))
        return True
    except Lost:
        return bool(store.get_json(key) == value)


def to_json(value: Any) -> bytes:
    """JSON as bytes. NaN and infinities, which JSON cannot represent, become null.

    Lone surrogates (from file names that are not UTF-8) are kept as escapes.
    """
    try:
        text = _dump(value)
    except ValueError:
        text = _dump(_finite(value))
    return text.encode("utf-8", "backslashreplace")


def _dump(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, (list, tuple)) else value
