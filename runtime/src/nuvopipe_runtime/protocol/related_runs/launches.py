"""Sessions that a session asks the conductor to launch. Only the conductor has the OpenWhisk key.

An activation asks for launches in its answer, and the conductor carries them out before the session continues: with `then` if
all were accepted, else with the envelope that asked, which learns what was refused. If the session dies between its answer and
the launch, the leases of the pending work expire, so that the guard or a sweep finds it. Launching twice is harmless.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from ...contract.protocol import ENVELOPE_KEY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ...contract.formats import Envelope, Launch, LaunchedSession
    from .lineage import Lineage

BUSY, CROWDED = "busy", "crowded"
"""Temporary refusals: too many invocations in this clock minute, or too many at once (or no answer)."""


def own_session(envelope: Envelope) -> LaunchedSession:
    """A session of the run's own flow."""
    return {"envelope": dict(envelope)}


def own_sessions(envelope: Envelope, items: Sequence[int]) -> LaunchedSession:
    """One session for each item. The item is the last index of the session's coordinate."""
    return {"envelope": dict(envelope), "items": list(items)}


def invocation(action: str, arguments: dict[str, Any]) -> LaunchedSession:
    """A session of another flow, or of another version of this one."""
    return {"action": action, "arguments": arguments}


class Launches:
    def __init__(self, lineage: Lineage) -> None:
        self._lineage = lineage
        self._also: list[LaunchedSession] = []
        self._taken = 0
        self._refusal: str | None = None

    def begin(self, envelope: Envelope) -> None:
        """Reads the outcome of the launches that the previous component asked for."""
        if "launched" in envelope:
            self._taken, self._refusal = envelope.pop("launched")

    @property
    def taken(self) -> int:
        """Number of sessions that were accepted when one was refused; 0 only if the first was refused, or if none was."""
        return self._taken

    @property
    def refusal(self) -> str | None:
        """Why a launch was refused; None if none was."""
        return self._refusal

    @property
    def is_refused(self) -> bool:
        return self._refusal is not None

    @property
    def is_refused_for_now(self) -> bool:
        return self._refusal in (BUSY, CROWDED)

    @property
    def is_crowded(self) -> bool:
        """Whether the platform may accept the launch again in a moment."""
        return self._refusal == CROWDED

    def ask(
        self,
        envelope: Envelope,
        sessions: list[LaunchedSession],
        then: Envelope | None = None,
        persists_since: int | None = None,
    ) -> Envelope:
        """The answer that has sessions launched.

        If all are accepted, the session continues or ends with `then`. If not, or without `then`, it continues with `envelope`.
        With `persists_since` (epoch milliseconds), the conductor asks again until its components run out.
        """
        launch: Launch = {"sessions": [self._marked(session) for session in sessions]}
        if then is not None:
            launch["then"] = dict(self._lineage.mark(then) if "block" in then else then)
        if persists_since is not None:
            launch["persists"] = persists_since
        return _with(envelope, launch)

    def also(self, *sessions: LaunchedSession) -> None:
        """Has more sessions launched with this activation's answer, without checking whether they are accepted."""
        self._also += [self._marked(session) for session in sessions]

    def finish(self, answer: Envelope) -> Envelope:
        """The activation's answer with all requested launches."""
        if not self._also:
            return answer
        asked: Launch = answer["launch"] if "launch" in answer else {"sessions": []}
        return _with(answer, asked | {"also": self._also})

    def _marked(self, session: LaunchedSession) -> LaunchedSession:
        if "envelope" not in session:
            return session
        return session | {"envelope": dict(self._lineage.mark(cast("Envelope", session["envelope"])))}


def _with(envelope: Envelope, launch: Launch) -> Envelope:
    return cast("Envelope", {**envelope, "launch": launch})


def invocations(session: Mapping[str, Any]) -> list[tuple[str | None, dict[str, Any]]]:
    """`(action, arguments)` of each invocation that an entry of `sessions` describes. The action is None for the run's own
    conductor."""
    if "action" in session:
        return [(session["action"], session["arguments"])]
    envelope = session["envelope"]
    if "items" not in session:
        return [(None, {ENVELOPE_KEY: envelope})]
    return [(None, {ENVELOPE_KEY: {**envelope, "at": [*envelope["at"], item]}}) for item in session["items"]]
