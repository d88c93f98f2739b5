"""A run that another's step has started, and the step that waits for its end.

A step waits without a session. It leaves the place where its run goes on with the child, looks once more, and stops; the child,
when it has its result, looks whether somebody waits, and starts a session at that place. Of the two, whoever is second sees
what the first has written. A session that is lost on the way is made up for by the sweep of the parent, whose lease runs out.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ...contract.layout import RunLayout
from ...contract.protocol import ENVELOPE_KEY
from ...envelope import only
from ...launcher import LATER
from ...plan import conductor_of
from ...store import to_json

if TYPE_CHECKING:
    from ...context import Context
    from ...contract.formats import Envelope, ParentRecord
    from ...launcher import SessionLauncher
    from .lineage import Lineage

CONDUCTOR = re.compile(r"[A-Za-z]\w*\.steps/flow-\w+")
"""What may be started for a child: steps can write into the datastore, and must not have any action invoked."""

PLACE = ("run", "block", "step", "at", "from", "attempt", "since", "poll")
"""Of the envelope that waits: a session that is started with it looks for the child's result."""

PARK_MS = 300_000
"""What the lease of a step lasts for, and more, that waits without a session."""


class Parent:
    def __init__(self, context: Context, launcher: SessionLauncher, lineage: Lineage) -> None:
        self._store = context.store
        self._layout = context.layout
        self._launcher = launcher
        self._lineage = lineage
        self._conductor = conductor_of(context.plan.flow, context.plan.hash)

    def wait_for(self, flow: str, run: str, envelope: Envelope) -> None:
        """Leaves with a child that it is waited for."""
        place = self._lineage.mark(only(envelope, PLACE))
        self._store.put(RunLayout(flow, run).parent, to_json({"action": self._conductor, "envelope": place}))

    def waiting(self) -> ParentRecord | None:
        """`ParentRecord` of `src/contract/records.ts`: who waits for this run; None where nobody does."""
        waiting: ParentRecord | None = self._store.get_json(self._layout.parent)
        return waiting

    def wake(self, waiting: ParentRecord) -> bool:
        """False when the platform does not take it now. A parent that cannot be started any more is left to its own lease."""
        if not CONDUCTOR.fullmatch(waiting["action"]):
            return True
        return self._launcher.start(waiting["action"], {ENVELOPE_KEY: waiting["envelope"]}) != LATER
