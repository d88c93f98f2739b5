"""The sweeper: one action per datastore that restarts stalled runs.

It only reads the index of live runs, so a sweep costs one LIST, and one GET for each run that has not ended, however many
old runs there are. The flow knows how to restart a run: the conductor of the run's version, or the flow's if that version is
gone, gets an envelope with `sweep`.
"""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from .clock import Clock
from .contract.layout import LIVE_PREFIX, RunLayout
from .contract.openwhisk import ACTION_TIME_DEFAULT_MS
from .contract.parse_key import parts_of
from .contract.protocol import ENVELOPE_KEY
from .contract.versions import OtherVersion
from .launcher import LATER, PARALLEL_LAUNCHES, Launcher
from .plan import conductor_of
from .store import NotARecord

if TYPE_CHECKING:
    from collections.abc import Callable

    from .contract.formats import Envelope, LiveRecord, StoreSettings
    from .store import Store

NEVER_BEGUN_AFTER_MS = 10 * 60_000
"""If an entry still has no run record this long after its lease, the start was lost and nothing else of the run exists."""

RESERVE_S = 10
"""Time reserved for the answer; the next sweep launches the rest."""

REMOVED: Final = "removed"
UNREADABLE: Final = "unreadable"
OTHER_VERSION: Final = "otherVersion"

Odd: TypeAlias = Literal["unreadable", "otherVersion"]

ODD: tuple[Odd, ...] = (UNREADABLE, OTHER_VERSION)
"""Stand for a record that cannot be read."""


class Sweeper:
    """`start(flow, arguments)` is `Launcher.start`."""

    def __init__(self, store: Store, start: Callable[[str, dict[str, Any]], str | None], clock: Clock, deadline: float) -> None:
        self._store = store
        self._start = start
        self._clock = clock
        self._deadline = deadline
        self._conductors: dict[tuple[str, str], str] = {}
        """Conductor of each run's version."""

    def sweep(self) -> dict[str, Any]:
        """Counts live runs, and lists those (`Flow/run`) whose lease has expired.

        `swept`: the sweeper started their flow; `waiting`: the platform accepts no more for now; `refused`: it refused for
        good, with the reason; `removed`: they are over or never began. `unreadable`: keys of objects that should be records
        but are not; `otherVersion`: keys of records of another version of nuvopipe. Runs of the last two are left alone.
        """
        entries, odd = self._entries()
        now_ms = self._clock.now_ms()
        expired = sorted((entry["expires"], run) for run, entry in entries.items() if entry["expires"] < now_ms)
        looks = self._store.parallel([(self._look, run, expires) for expires, run in expired])
        odd |= {RunLayout(*run).run: look for (_, run), look in zip(expired, looks, strict=True) if look in ODD}
        envelopes: dict[tuple[str, str], Envelope] = {
            run: look for (_, run), look in zip(expired, looks, strict=True) if isinstance(look, dict)
        }
        removed = [_name(run) for (_, run), look in zip(expired, looks, strict=True) if look == REMOVED]
        report = {"live": len(entries) - len(removed), **self._launch(envelopes), REMOVED: removed}
        return report | {kind: sorted(key for key in odd if odd[key] == kind) for kind in ODD if kind in odd.values()}

    def _entries(self) -> tuple[dict[tuple[str, str], LiveRecord], dict[str, Odd]]:
        """Returns the index (`LiveRecord` by `(flow, run)`), and the keys of unreadable entries with the reason."""
        keys = {key: parts for key in self._store.list(LIVE_PREFIX) if (parts := parts_of("live", key))}
        found = dict(zip(keys, self._store.parallel([(self._entry, key) for key in keys]), strict=True))
        entries = {(keys[key]["flow"], keys[key]["run"]): entry for key, entry in found.items() if isinstance(entry, dict)}
        return entries, {key: entry for key, entry in found.items() if entry in ODD}

    def _entry(self, key: str) -> LiveRecord | Odd | None:
        entry: LiveRecord | Odd | None = self._read(key)
        is_whole = not isinstance(entry, dict) or isinstance(entry.get("expires"), (int, float))
        return entry if is_whole else UNREADABLE

    def _read(self, key: str) -> Any:
        """Returns a record; None if it does not exist; or UNREADABLE or OTHER_VERSION."""
        try:
            return self._store.get_json(key)
        except NotARecord:
            return UNREADABLE
        except OtherVersion:
            return OTHER_VERSION

    def _look(self, run: tuple[str, str], expires: int) -> Envelope | Literal["removed"] | Odd | None:
        """Returns the envelope that sweeps a run; REMOVED if the run is over; None if it is too early to decide; or ODD."""
        layout = RunLayout(*run)
        record = self._read(layout.run)
        if record in ODD:
            odd: Odd = record
            return odd
        is_over = self._store.exists(layout.result)
        if is_over or (record is None and expires < self._clock.now_ms() - NEVER_BEGUN_AFTER_MS):
            self._store.delete(layout.live)
            return REMOVED
        if record is None:
            return None
        start = record.get("start")
        if not isinstance(start, str):
            return UNREADABLE
        if isinstance(record.get("bundle"), str):
            self._conductors[run] = conductor_of(run[0], record["bundle"])
        return {"run": layout.run_id, "block": start, "step": start, "at": [], "sweep": True}

    def _launch(self, envelopes: dict[tuple[str, str], Envelope]) -> dict[str, Any]:
        """Launches in parallel, oldest first, until the platform refuses one, since it would refuse the rest too."""
        swept: list[str] = []
        waiting: list[str] = []
        refused: dict[str, str] = {}
        runs = list(envelopes)
        with ThreadPoolExecutor(PARALLEL_LAUNCHES) as pool:
            while runs and not waiting and self._clock.now() < self._deadline:
                batch, runs = runs[:PARALLEL_LAUNCHES], runs[PARALLEL_LAUNCHES:]
                answers = pool.map(lambda run: self._enter(run, {ENVELOPE_KEY: envelopes[run]}), batch)
                for run, answer in zip(batch, answers, strict=True):
                    if answer is None:
                        swept.append(_name(run))
                    elif answer == LATER:
                        waiting.append(_name(run))
                    else:
                        refused[_name(run)] = answer
        return {"swept": swept, "waiting": waiting + [_name(run) for run in runs], "refused": refused}

    def _enter(self, run: tuple[str, str], arguments: dict[str, Any]) -> str | None:
        refusal = self._start(self._conductors[run], arguments) if run in self._conductors else ""
        return refusal if refusal in (None, LATER) else self._start(run[0], arguments)


def _name(run: tuple[str, str]) -> str:
    return "/".join(run)


_stores: dict[tuple[tuple[str, Any], ...], Store] = {}


def main(arguments: dict[str, Any]) -> dict[str, Any]:
    """Takes the bound parameters `store` and `tls`; returns the result of `Sweeper.sweep`."""
    from .store import explain

    try:
        store = _store(arguments["store"])
        deadline_ms = os.environ.get("__OW_DEADLINE")
        deadline = int(deadline_ms) / 1000 if deadline_ms else time.time() + ACTION_TIME_DEFAULT_MS / 1000
        launcher = Launcher(os.environ["__OW_API_HOST"], os.environ.get("__OW_API_KEY"), arguments.get("tls"))
        return Sweeper(store, launcher.start, Clock(), deadline - RESERVE_S).sweep()
    except Exception as error:
        return {"error": explain(error)[:300]}


def _store(settings: StoreSettings) -> Store:
    """One store for the life of the container, so that its connections stay open."""
    from .store import open_store

    key = tuple(sorted(settings.items()))
    if key not in _stores:
        _stores[key] = open_store(settings)
    return _stores[key]
