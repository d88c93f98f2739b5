"""Called runs and the steps that wait for their end.

A step waits without a session. It writes its place beside the child's records, looks for the result once more, and stops. When
the child has its result, it reads that place and starts a session there. Whichever acts second sees what the other wrote. If
the session is lost, the lease of the parent expires, and a sweep looks again.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ...contract.layout import RunLayout
from ...contract.protocol import ENVELOPE_KEY
from ...envelope import only
from ...plan import conductor_of
from ...store import to_json
from .launches import invocation

if TYPE_CHECKING:
    from ...context import Context
    from ...contract.formats import Envelope, LaunchedSession, ParentRecord
    from .lineage import Lineage

CONDUCTOR = re.compile(r"[A-Za-z]\w*\.steps/flow-\w+")
"""Actions that a child may start. Steps can write to the datastore, and must not get arbitrary actions invoked."""

PLACE = ("run", "block", "step", "at", "from", "attempt", "since", "poll")
"""Keys that are kept of the waiting envelope. A session started with it looks for the child's result."""

PARK_MS = 300_000
"""Shortest lease of a step that waits without a session."""


class Parent:
    def __init__(self, context: Context, lineage: Lineage) -> None:
        self._store = context.store
        self._layout = context.layout
        self._lineage = lineage
        self._conductor = conductor_of(context.plan.flow, context.plan.hash)

    def wait_for(self, flow: str, run: str, envelope: Envelope) -> None:
        """Records that this run waits for the child."""
        place = self._lineage.mark(only(envelope, PLACE))
        self._store.put(RunLayout(flow, run).parent, to_json({"action": self._conductor, "envelope": place}))

    def waiting(self) -> ParentRecord | None:
        """The `ParentRecord` of the step that waits for this run; None if no step waits."""
        waiting: ParentRecord | None = self._store.get_json(self._layout.parent)
        return waiting

    @staticmethod
    def session(waiting: ParentRecord) -> LaunchedSession | None:
        """The session to launch for the parent; None if its action is not allowed."""
        if not CONDUCTOR.fullmatch(waiting["action"]):
            return None
        return invocation(waiting["action"], {ENVELOPE_KEY: waiting["envelope"]})
