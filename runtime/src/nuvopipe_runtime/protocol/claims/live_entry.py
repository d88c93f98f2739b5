"""The index of live runs. An entry is the run's lease outside of pools, and the place where a stalled run is re-entered.

`LiveRecord` of `src/contract/records.ts`. An entry is written before the run's own record and deleted after its
result, so one LIST finds every run that may need help, however many old runs there are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from ...contract.protocol import RENEW_MARGIN_MS
from ...store import Lost, parse_record, to_json
from .pool import lease_ms

if TYPE_CHECKING:
    from ...context import Context
    from ...contract.formats import Envelope, LivePlace, LiveRecord

PLACE = ("step", "at", "from")
"""Keys of an envelope that say which place a run has reached."""

SWEEP_LEASE_MS = 120_000
"""Shortest time between two sweeps that re-enter the same run."""


class LiveEntry:
    """The entry of one run."""

    def __init__(self, context: Context) -> None:
        self._store = context.store
        self._key = context.layout.live
        self._result = context.layout.result
        self._clock = context.clock
        self._by = context.by

    def begin(self, envelope: Envelope, needed_ms: int) -> int | None:
        """Creates the entry; returns its lease, or None if the run has an entry already."""
        entry = self._entry(envelope, lease_ms(needed_ms))
        try:
            self._store.create(self._key, to_json(entry))
            return entry["expires"]
        except Lost:
            return None

    def keep(self, envelope: Envelope, lease: int | None, needed_ms: int) -> int:
        """Returns a lease that lasts as long as the step needs. Raises `Lost` if another session has taken the run over."""
        if lease is not None and self._lasts(lease, needed_ms):
            return lease
        found = self._store.get(self._key)
        if found is None:
            return self._renew(envelope, needed_ms)
        entry: LiveRecord = parse_record(self._key, found[0])
        if lease is None and self._lasts(entry["expires"], needed_ms):
            return entry["expires"]  # after a fork, the first lane has renewed it
        if lease is not None and entry["expires"] != lease:
            raise Lost(self._key)
        try:
            return self._replace(found[2], self._entry(envelope, lease_ms(needed_ms)))
        except Lost:
            if lease is not None:
                raise
            # The session also holds the claim of a join, which a sweep at this moment does not take away.
            return self.keep(envelope, None, needed_ms)

    def _renew(self, envelope: Envelope, needed_ms: int) -> int:
        """Creates a missing entry again. Raises `Lost` if the run has ended."""
        lease = None if self._store.exists(self._result) else self.begin(envelope, needed_ms)
        if lease is None:
            raise Lost(self._key)
        return lease

    def take_over(self) -> tuple[int, LivePlace, int] | None:
        """Takes over an expired lease. Returns `(lease, place, sweeps)`; None if it is alive or another session was faster.

        `sweeps` counts the sweeps that have re-entered the run at this place since a step last began.
        """
        found = self._store.get(self._key)
        if found is None:
            return None
        entry: LiveRecord = parse_record(self._key, found[0])
        if entry["expires"] > self._clock.now_ms():
            return None
        place, sweeps = entry["envelope"], entry.get("sweeps", 0)
        counted = self._entry(place, SWEEP_LEASE_MS) | {"sweeps": sweeps + 1}
        try:
            return self._replace(found[2], counted), place, sweeps
        except Lost:
            return None

    def end(self) -> None:
        self._store.delete(self._key)

    def _lasts(self, expires: int, needed_ms: int) -> bool:
        return self._clock.now_ms() + needed_ms + RENEW_MARGIN_MS <= expires

    def _entry(self, envelope: Envelope | LivePlace, lease: int) -> LiveRecord:
        place = cast("LivePlace", {key: value for key, value in envelope.items() if key in PLACE})
        return {"by": self._by, "expires": self._clock.now_ms() + lease, "envelope": place}

    def _replace(self, e_tag: str | None, entry: LiveRecord) -> int:
        self._store.replace(self._key, to_json(entry), e_tag)
        return entry["expires"]
