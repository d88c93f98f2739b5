"""A store in which each request is one call of a function, which can delay it, fail it, or search through all orders."""

from __future__ import annotations

import builtins
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, TypeVar

from nuvopipe_runtime.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from obstore import Attributes

    from nuvopipe_runtime.store import Found

T = TypeVar("T")

READS = ("get", "exists", "list", "list_stem", "names")
CONDITIONAL = ("create", "replace")


class AskedStore(Store):
    """`ask(operation, key, *arguments)` answers each request as the method of `Store` named `operation` does.

    There are no threads: requests are made one after another.
    """

    def __init__(self, ask: Callable[..., Any], root: str, secret: str = "") -> None:
        self._ask = ask
        self._secret = secret.encode()
        self.root = root

    def put(self, key: str, data: bytes, attributes: Attributes | None = None) -> str | None:
        answer: str | None = self._ask("put", key, data, attributes)
        return answer

    def create(self, key: str, data: bytes) -> str | None:
        answer: str | None = self._ask("create", key, data)
        return answer

    def replace(self, key: str, data: bytes, e_tag: str | None) -> str | None:
        answer: str | None = self._ask("replace", key, data, e_tag)
        return answer

    def get(self, key: str) -> Found | None:
        answer: Found | None = self._ask("get", key)
        return answer

    def exists(self, key: str) -> bool:
        answer: bool = self._ask("exists", key)
        return answer

    def copy(self, source: str, key: str) -> None:
        self._ask("copy", source, key)

    def delete(self, key: str) -> None:
        self._ask("delete", key)

    def list(self, prefix: str) -> builtins.list[str]:
        answer: builtins.list[str] = self._ask("list", prefix)
        return answer

    def list_stem(self, stem: str) -> builtins.list[str]:
        answer: builtins.list[str] = self._ask("list_stem", stem)
        return answer

    def names(self, prefix: str) -> set[str]:
        answer: set[str] = self._ask("names", prefix)
        return answer

    def submit(self, function: Callable[..., T], *arguments: Any) -> Future[T]:
        future: Future[T] = Future()
        try:
            future.set_result(function(*arguments))
        except BaseException as error:
            future.set_exception(error)
        return future

    def parallel(self, calls: Iterable[tuple[Callable[..., T], *tuple[Any, ...]]]) -> builtins.list[T]:
        return [future.result() for future in [self.submit(function, *arguments) for function, *arguments in calls]]
