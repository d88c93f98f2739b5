"""The store of the search behaves like the runtime's own store over an object store in memory."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest
from obstore.store import MemoryStore

from nuvopipe_runtime.store import Lost, Store

from .objects import perform

if TYPE_CHECKING:
    from collections.abc import Callable

KEYS = ("a/1", "a/2", "a/2/x", "b/1")
PREFIXES = ("a/", "a/2/", "b/", "c/")
REQUESTS = 300


class Real:
    """The runtime's store with the interface of the search's store; contents stand for ETags."""

    def __init__(self) -> None:
        self._store = Store(MemoryStore(), "", "")

    def get(self, key: str) -> Any:
        found = self._store.get(key)
        return found and found[0]

    def exists(self, key: str) -> Any:
        return self._store.exists(key)

    def list(self, prefix: str) -> Any:
        return tuple(sorted(self._store.list(prefix)))

    def delete(self, key: str) -> bool:
        self._store.delete(key)
        return True

    def put(self, key: str, data: bytes) -> bool:
        self._store.put(key, data)
        return True

    def create(self, key: str, data: bytes) -> Any:
        return self._is_done(self._store.create, key, data)

    def replace(self, key: str, data: bytes, seen: bytes) -> Any:
        found = self._store.get(key)
        e_tag = found[2] if found and found[0] == seen else "of another object"
        return self._is_done(self._store.replace, key, data, e_tag)

    def _is_done(self, request: Callable[..., Any], *arguments: Any) -> bool:
        try:
            request(*arguments)
            return True
        except Lost:
            return False


@pytest.mark.parametrize("seed", range(5))
def test_both_stores_answer_the_same(seed: int) -> None:
    chance = random.Random(seed)
    real, content = Real(), {}
    for number in range(REQUESTS):
        operation = chance.choice(("get", "exists", "list", "delete", "put", "create", "replace"))
        if operation == "list":
            arguments = [chance.choice(PREFIXES)]
        else:
            arguments = [chance.choice(KEYS)]
        if operation in ("put", "create", "replace"):
            arguments.append(b"%d" % number)
        if operation == "replace":
            arguments.append(chance.choice([content.get(arguments[0]), b"another"]))
        content, answer = perform(content, operation, *arguments)
        assert getattr(real, operation)(*arguments) == answer, (operation, arguments)
