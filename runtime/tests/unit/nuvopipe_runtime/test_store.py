from __future__ import annotations

from typing import Any

import pytest
from obstore.store import MemoryStore

from nuvopipe_runtime.contract.versions import OtherVersion
from nuvopipe_runtime.store import NotARecord, Store, explain


@pytest.fixture
def store() -> Any:
    return Store(MemoryStore(), "", "s3://bucket")


def test_a_record_of_another_version_is_refused_by_name(store: Any) -> None:
    store.put("k", b'{"version": 2, "expires": 1}')
    with pytest.raises(OtherVersion) as refused:
        store.get_json("k")
    assert explain(refused.value) == "the record k has version 2 of its format; this version of nuvopipe reads 1"
    assert store.find_json("k", "expires") is None


@pytest.mark.parametrize("content", [b"no JSON", b"[]"])
def test_an_invalid_record_is_distinguished_from_one_of_another_version(store: Any, content: bytes) -> None:
    store.put("k", content)
    with pytest.raises(NotARecord):
        store.get_json("k")


def test_records_without_a_version_are_of_the_first(store: Any) -> None:
    store.put("k", b'{"expires": 1}')
    assert store.get_json("k") == {"expires": 1}
