"""Protocols that are broken on purpose, by one patch each: `(owner, attribute, replacement)`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nuvopipe_runtime.protocol.claims.guard import Guard
from nuvopipe_runtime.protocol.claims.pool import Pool
from nuvopipe_runtime.protocol.runs.ending import Ending
from nuvopipe_runtime.protocol.sessions.handover import Handover, ended
from nuvopipe_runtime.protocol.tasks import commit as commits
from nuvopipe_runtime.store import create_once, to_json

if TYPE_CHECKING:
    from nuvopipe_runtime.contract.layout import RunLayout


def _take_over_what_is_alive(self: Any, key: str, timeout_ms: int) -> Any:
    found = self._store.get(key)
    return found and self._replace(key, found[2], timeout_ms)


def _all_are_done(self: Any, items: Any) -> Any:
    return set(items)


def _put_the_commit(store: Any, layout: RunLayout, record: Any) -> Any:
    store.put(layout.commit(record["step"], record["task"]), to_json(record))
    return record


def _put_the_join_claim(self: Any, timeout_ms: int) -> bool:
    self._store.put(
        self._layout.pool_join(self._opener, self._task), to_json({"by": self._by, "expires": self._clock.now_ms() + 1})
    )
    return True


def _open_nothing(self: Any, items: Any) -> None:
    pass


def _dismiss_always(self: Any) -> bool:
    self._store.delete(self._layout.guard)
    return True


def _pause_without_a_lease(self: Any, envelope: dict[str, Any], wait_ms: float) -> Any:
    return dict(envelope, wait=wait_ms)


def _forget_and_end(self: Any, envelope: dict[str, Any], result: Any, reads_result: bool = False) -> Any:
    self._live.end()
    create_once(self._store, self._layout.result, result)
    return ended(envelope, result)


NO_EXPIRY_CHECK = (Pool, "_take_over", _take_over_what_is_alive)
JOIN_WITHOUT_THE_LIST = (Pool, "done", _all_are_done)
COMMIT_AS_PLAIN_PUT = (commits, "commit", _put_the_commit)
JOIN_AS_PLAIN_PUT = (Pool, "claim_join", _put_the_join_claim)
LAUNCH_WITHOUT_OPEN = (Pool, "open", _open_nothing)
GUARD_DISMISSED_TOO_EARLY = (Guard, "dismiss", _dismiss_always)
PAUSE_WITHOUT_A_LEASE = (Handover, "pause", _pause_without_a_lease)
ENTRY_DELETED_BEFORE_THE_RESULT = (Ending, "_end", _forget_and_end)
