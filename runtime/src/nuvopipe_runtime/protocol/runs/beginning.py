"""Begins a run: checks its parameters and writes its record once, however often the run is started."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ...contract.protocol import CRASH, EXACT_PARAMETERS, PARAMETERS_STEP, PARAMETERS_TASK, RUN_EXISTS, STORED_PARAMETERS
from ...plan import version_of
from ...store import create_once
from ..sessions.handover import ended
from ..tasks import commit as commits
from ..timing.answering import answer_in_time
from ..values.parameters import BadParameters, BadValues, check_invocation, complete, differences, facts_of, unpacked
from ..values.stored_parameters import stored_given
from .ending import failure_of

if TYPE_CHECKING:
    from ...context import Context
    from ...contract.formats import Envelope, GivenParameter, RunFailure, RunRecord, RunResult, TaskRecord
    from ..claims.live_entry import LiveEntry
    from ..container import Container
    from ..related_runs.lineage import Lineage
    from ..sessions.handover import Handover
    from ..tasks.task_runner import TaskRunner
    from .ending import Ending

RUN_SHOWN_MAX = 128
"""Maximum length of an invalid run name in the answer that refuses it, in characters."""

KEY_NAME_LENGTH = 8
"""Enough to see that a key has changed."""


def refused(run: str, message: str, code: str | None = None) -> Envelope:
    """The answer to a client whose request cannot be met; clients act on its `code`."""
    error: RunFailure = {"message": message} if code is None else {"message": message, "code": code}
    answer: RunResult = {"run": run[:RUN_SHOWN_MAX], "status": "failed", "error": error}
    return ended({"run": answer["run"]}, answer)


class Beginning:
    def __init__(
        self,
        context: Context,
        container: Container,
        live: LiveEntry,
        lineage: Lineage,
        runner: TaskRunner,
        handover: Handover,
        ending: Ending,
    ) -> None:
        self._context = context
        self._plan = context.plan
        self._store = context.store
        self._layout = context.layout
        self._clock = context.clock
        self._by = context.by
        self._stop_check = container.stop_check
        self._records = container.records
        self._secrets = container.secrets
        self._live = live
        self._lineage = lineage
        self._runner = runner
        self._handover = handover
        self._ending = ending
        self._user = context.user

    def begin(self, envelope: Envelope) -> Envelope | None:
        """Stores the parameters as the task `_parameters`. Returns an answer if the run does not start."""
        run, died = envelope["run"], envelope.get("died")
        try:
            values, facts = self._checked(envelope)
        except BadValues as error:
            return self._refuse(envelope, error)
        except BadParameters as error:
            return refused(run, str(error), error.code)
        if not self._make(envelope, self._record(facts)):
            return self._again(envelope, facts)
        if envelope.get("answerWithin") == 0 and self._store.exists(self._layout.cancelled):
            return self._ending.end_cancelled(envelope)  # its parent cancelled it, not knowing whether it had begun
        if died and self._store.exists(self._layout.commit(PARAMETERS_STEP, PARAMETERS_TASK)):
            return None
        if self._lineage.resumes:
            self._secrets.copy(self._context, self._lineage.origin)
            self._keep(envelope, self._lineage.parameters())
            return None
        return self._keep_parameters(envelope, self._secrets.keep(self._context, values or {}))

    def _make(self, envelope: Envelope, record: RunRecord) -> bool:
        """Writes the run's record. False if an earlier start has written it."""
        answer_in_time(envelope, self._clock.now_ms())
        lease = self._live.begin(envelope, self._plan.steps[self._plan.start]["timeoutMs"])
        if not create_once(self._store, self._layout.run, record) and not envelope.get("died"):
            if lease is not None and self._store.exists(self._layout.result):
                self._live.end()  # the run is over; a run that has just begun keeps this entry
            return False
        if lease is not None:
            envelope["lease"] = lease
        self._stop_check.fresh(self._context)
        return True

    def _refuse(self, envelope: Envelope, error: BadValues) -> Envelope:
        """Fails a run with bad parameters. Writes its record and runs `onFailure`, since the client may not wait."""
        message = str(error)
        if not self._make(envelope, {**self._record(None), "refused": message}):
            return refused(envelope["run"], message)
        failure: RunFailure = {"message": message}
        self._ending.keep_failure(failure)  # first, because a run with parameters and without a failure would count as valid
        if self._plan.on_failure is not None:
            specs = self._plan.parameters
            known = {name: None if specs[name]["type"] == "secret" else value for name, value in error.values.items()}
            answer = self._keep_parameters(envelope, self._secrets.keep(self._context, known))
            if answer is not None:
                return answer
        return self._ending.fail(envelope, failure)

    def _again(self, envelope: Envelope, facts: dict[str, GivenParameter] | None) -> Envelope:
        """Handles a run that was started before. Returns its result if the client asks for the same run or only names it."""
        before: RunRecord = self._store.get_json(self._layout.run)
        run = envelope["run"]
        started = f"{datetime.fromtimestamp(before['created'] / 1000, UTC):%Y-%m-%d %H:%M:%S} UTC"
        exists = f"the run {run} exists already, started {started}"
        conflict = self._conflict(before, facts) if facts or self._lineage.resumes else None
        if conflict is not None:
            return refused(run, exists + conflict, code=RUN_EXISTS)
        stopped = self._handover.stop(envelope)
        if before["bundle"] == self._plan.hash:
            return stopped
        note = f"{exists} with version {version_of(before['bundle'])} of the flow: nothing was run again"
        return stopped | {"result": {**stopped["result"], "note": note}}

    def _conflict(self, before: RunRecord, facts: dict[str, GivenParameter] | None) -> str | None:
        """Says how the request differs from the run of that name; None if it does not."""
        origin = before.get("origin")
        if origin != (self._lineage.record if self._lineage.resumes else None):
            return f": it resumes {origin['run']}" if origin else ": it resumes no other run"
        if "refused" in before:
            return ", and was rejected because of its parameters"
        if not facts or "given" not in before:
            return None
        if before.get("key", self._key_name()) != self._key_name():
            unknown = "and was started with another S3 secret key, so its parameters cannot be compared"
            look = f"look at it with nuvopipe status {self._plan.flow}/{self._layout.run_id}, or choose another name"
            return f" {unknown}: {look}"
        different = differences(self._plan.parameters, before["given"], facts, self._key(), self._plan.directory)
        return f" with other parameters: {'; '.join(different)}" if different else None

    def _key_name(self) -> str:
        """Names the datastore's secret key, without revealing it."""
        return self._store.derive_key("name of the key").hex()[:KEY_NAME_LENGTH]

    def _key(self) -> bytes:
        return self._store.derive_key(f"parameters of {self._plan.flow}/{self._layout.run_id}")

    def _checked(self, envelope: Envelope) -> tuple[dict[str, Any] | None, dict[str, GivenParameter] | None]:
        """Returns `(parameters by name, `given` of the run's record)`. Raises `BadParameters`.

        Both are None for a resumed run, which has the parameters of its origin. The second is None if a step starts the run,
        because only that step uses the run's name.
        """
        check_invocation(envelope)
        sent = self._secrets.open(self._store, envelope["params"])
        if STORED_PARAMETERS in sent:
            sent = {EXACT_PARAMETERS: stored_given(self._store, self._plan, envelope["run"])}
        if self._lineage.resumes:
            self._lineage.check(sent)
            self._secrets.check(self._context, self._lineage.origin)
            return None, None
        given, is_exact = unpacked(sent)
        specs = self._plan.parameters
        values = complete(specs, given, self._plan.directory, is_exact, is_conducted=not self._plan.is_sequence)
        named = {name: values[name] for name, value in given.items() if value is not None}
        return values, None if is_exact else facts_of(specs, named, self._key())

    def _record(self, facts: dict[str, GivenParameter] | None) -> RunRecord:
        """The run's record."""
        now = self._clock.now()
        date = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d")
        record: RunRecord = {
            "version": 1,
            "flow": self._plan.flow,
            "run": self._layout.run_id,
            "created": int(now * 1000),
            # Distinguishes two starts of one run in the same millisecond.
            "by": self._by,
            "user": self._user,
            "tags": self._plan.tags,
            "system_tags": [f"date:{date}", "runtime:nuvopipe", f"user:{self._user}"],
            "start": self._plan.start,
            "end": self._plan.end,
            "bundle": self._plan.hash,
        }
        if self._plan.is_sequence:
            record["isSequence"] = True
        if facts is not None:
            record["given"], record["key"] = facts, self._key_name()
        if self._lineage.resumes:
            record["origin"] = self._lineage.record
        return record

    def _keep_parameters(self, envelope: Envelope, values: dict[str, Any]) -> Envelope | None:
        attempt = self._runner.init(values)
        if attempt.kinds == [CRASH] and not envelope.get("died"):
            raise RuntimeError(attempt.error)  # no user code has failed, so the conductor tries again
        record = commits.make_record(self._context, PARAMETERS_STEP, PARAMETERS_TASK, [], attempt, [])
        if attempt.ok:
            self._keep(envelope, record)
            return None
        # Without parameters, the steps of `onFailure` cannot run.
        failure = failure_of(record)
        self._ending.keep_failure(failure)
        return self._ending.fail_at_once(envelope, failure)

    def _keep(self, envelope: Envelope, record: TaskRecord) -> None:
        kept = commits.commit(self._store, self._layout, record)
        commits.wait(commits.finish(self._store, kept))
        self._records.add(self._layout, kept)
        envelope.pop("died", None)
