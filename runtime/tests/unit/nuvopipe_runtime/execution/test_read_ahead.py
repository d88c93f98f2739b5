from __future__ import annotations

from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from nuvopipe_runtime.execution.read_ahead import AHEAD, AHEAD_MAX_BYTES, ReadAhead
from nuvopipe_runtime.execution.told_inputs import tell

if TYPE_CHECKING:
    from collections.abc import Callable


ITEMS = 100


class Store:
    def __init__(self) -> None:
        self.asked = []

    def get(self, key: str) -> tuple[bytes, dict[Any, Any], str]:
        return key.encode(), {}, "tag"

    def submit(self, function: Callable[..., Any], key: str) -> Any:
        self.asked.append(key)
        future = Future()
        future.set_result(function(key))
        return future


def sha(name: str, item: int) -> str:
    return f"{item:04d}{name}".ljust(40, "0")


def key(name: str, item: int) -> str:
    return f"F/data/{sha(name, item)[:2]}/{sha(name, item)}"


def join(items: int = ITEMS, size: int = 5) -> tuple[Store, ReadAhead]:
    store = Store()
    records = [
        {
            **{"run": "r", "step": "s", "task": f"t-{item}", "attempt": 0},
            "objects": {"a": sha("a", item), "b": sha("b", item)},
            "info": {"a": {"size": size}, "b": {"size": size}},
        }
        for item in range(items)
    ]
    return store, ReadAhead(store, tell(records))


def ask(ahead: ReadAhead, wanted: str, cached: set[Any] | set[str]) -> str:
    found = ahead.get(wanted).result()
    ahead.follow(wanted, cached)
    cached.add(wanted)
    return found[0].decode()


def test_what_the_next_inputs_have_of_that_name_is_read_before_it_is_asked_for() -> None:
    store, ahead = join()
    cached = set()
    assert ask(ahead, key("a", 0), cached) == key("a", 0)
    assert store.asked == [key("a", item) for item in range(1 + 2)]
    for item in range(1, ITEMS):
        assert ask(ahead, key("a", item), cached) == key("a", item)
        assert len(store.asked) == min(ITEMS, item + 1 + min(AHEAD, 2 ** (item + 1)))
    assert sorted(store.asked) == [key("a", item) for item in range(ITEMS)]  # each of them once, and nothing else


def test_what_is_there_or_large_or_no_inputs_is_left_alone() -> None:
    store, ahead = join()
    there = {key("b", item) for item in range(91, 95)}
    for _ in range(4):
        ask(ahead, key("b", 90), there)
    assert sorted(set(store.asked)) == [key("b", item) for item in (90, *range(95, ITEMS))]
    store, ahead = join(size=AHEAD_MAX_BYTES + 1)
    ask(ahead, key("a", 0), set())
    assert store.asked == [key("a", 0)]
    store, ahead = join(items=1)
    ask(ahead, key("a", 0), set())
    ask(ahead, "F/data/00/" + "0" * 40, set())
    assert len(store.asked) == 2
