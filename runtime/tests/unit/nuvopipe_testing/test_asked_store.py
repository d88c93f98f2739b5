"""Requests of a store that is asked one at a time fail as those of the runtime's store do."""

from __future__ import annotations

from typing import Any

import pytest

from nuvopipe_testing.asked_store import AskedStore


class Killed(BaseException):
    pass


def ask(operation: str, key: str, *arguments: Any) -> Any:
    if operation == "put":
        raise Killed(key)
    return operation, key


def test_the_end_of_a_container_waits_in_the_future_of_a_request() -> None:
    """A thread that has only submitted the request continues."""
    store = AskedStore(ask, "s3://bucket/root")
    future = store.submit(store.put, "a", b"")
    with pytest.raises(Killed):
        future.result()


def test_all_of_several_requests_are_made_before_the_first_error_is_raised() -> None:
    store = AskedStore(ask, "s3://bucket/root")
    made: list[str] = []
    with pytest.raises(Killed, match="a"):
        store.parallel([(store.put, "a", b""), (made.append, "b")])
    assert made == ["b"]
