"""The lease that a session needs before it executes a task."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...contract.protocol import RENEW_MARGIN_MS
from .pool import Pool

if TYPE_CHECKING:
    from ...context import Context
    from ...contract.formats import Envelope
    from .live_entry import LiveEntry


class Leases:
    """Inside a pool, the lease is that of the item's claim; outside, that of the run. The envelope says when it expires."""

    def __init__(self, context: Context, live: LiveEntry) -> None:
        self._context = context
        self._plan = context.plan
        self._clock = context.clock
        self._live = live

    def keep(self, envelope: Envelope, needed_ms: int) -> None:
        """Renews the envelope's lease if it expires too early. Raises `Lost` if another session has taken over."""
        depth, lease = self._plan.pool_depth(envelope["step"]), envelope.get("lease")
        if depth is None:
            envelope["lease"] = self._live.keep(envelope, lease, needed_ms)
        elif lease is None or self._clock.now_ms() + needed_ms + RENEW_MARGIN_MS > lease:
            at = envelope["at"]
            pool = Pool(self._context, self._plan.steps[envelope["step"]]["within"][depth], at[:depth])
            envelope["lease"] = pool.renew(at[depth], lease, needed_ms)
