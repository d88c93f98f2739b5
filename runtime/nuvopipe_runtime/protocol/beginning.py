"""A run's beginning: its parameters are checked, and its record is made, once, however often it is started."""

from datetime import datetime, timezone

from ..plan import PARAMETERS_STEP, PARAMETERS_TASK
from ..store import create_once, to_json
from . import attempts
from . import commit as commits
from .ending import failure_of
from .handover import ended
from .parameters import BadParameters, check_invocation, complete, is_run_name

RUN_SHOWN_MAX = 128
"""Characters of a run's name that is none, in the answer which refuses it."""


def refused(run, message):
    """What a client is answered that has asked for something which is not to be had."""
    answer = {"run": run[:RUN_SHOWN_MAX], "status": "failed", "error": {"message": message}}
    return ended(answer, answer)


class Beginning:
    def __init__(self, context, container, live, lineage, tasks, handover, ending, user):
        self._context = context
        self._plan = context.plan
        self._store = context.store
        self._layout = context.layout
        self._clock = context.clock
        self._by = context.by
        self._markers = container.markers
        self._records = container.records
        self._secrets = container.secrets
        self._live = live
        self._lineage = lineage
        self._tasks = tasks
        self._handover = handover
        self._ending = ending
        self._user = user

    def begin(self, envelope):
        """Keeps what the client gave, as the run's `_parameters`; an answer when there is nothing to start."""
        run, died = envelope["run"], envelope.get("died")
        try:
            values = self._checked(envelope)
        except BadParameters as error:
            if envelope.get("answerWithin") == 0 and is_run_name(run) and not self._lineage.resumes:
                self._store.put(self._layout.refused, to_json({"message": str(error)}))
            return refused(run, str(error))
        record = self._record()
        lease = self._live.begin(envelope, self._plan.steps[self._plan.start]["timeoutMs"])
        if not create_once(self._store, self._layout.run, record) and not died:
            if lease is not None and self._store.exists(self._layout.result):
                self._live.end()  # of a run that is over; one that has only just begun goes on with this entry
            return self._handover.stop(envelope)  # the same run was started before: this client gets its result
        if lease is not None:
            envelope["lease"] = lease
        self._markers.fresh(self._context)
        if died and self._store.exists(self._layout.commit(PARAMETERS_STEP, PARAMETERS_TASK)):
            return None
        if self._lineage.resumes:
            self._secrets.copy(self._context, self._lineage.origin)
            self._keep(envelope, self._lineage.parameters())
            return None
        return self._keep_parameters(envelope, self._secrets.keep(self._context, values))

    def _checked(self, envelope):
        """The parameters, by name; a resumed run has those of its origin. Raises `BadParameters`."""
        check_invocation(envelope)
        given = self._secrets.open(self._store, envelope["params"])
        if self._lineage.resumes:
            return self._lineage.check(given)
        return complete(self._plan.parameters, given, self._plan.directory)

    def _record(self):
        """`RunRecord` of `src/model/records.ts`."""
        now = self._clock.now()
        date = datetime.fromtimestamp(now, timezone.utc).strftime("%Y-%m-%d")
        return {
            "version": 1,
            "flow": self._plan.flow,
            "run": self._layout.run_id,
            "created": int(now * 1000),
            # Two that start one run in the same millisecond are told apart.
            "by": self._by,
            "user": self._user,
            "tags": self._plan.tags,
            "system_tags": [f"date:{date}", "runtime:nuvopipe", f"user:{self._user}"],
            "start": self._plan.start,
            "end": self._plan.end,
            "bundle": self._plan.hash,
            **({"origin": self._lineage.record} if self._lineage.resumes else {}),
        }

    def _keep_parameters(self, envelope, values):
        attempt = self._tasks.init(values)
        if attempt.kinds == [attempts.CRASH] and not envelope.get("died"):
            raise RuntimeError(attempt.error)  # nothing of the user's has failed: the conductor asks once more
        record = commits.make_record(self._context, PARAMETERS_STEP, PARAMETERS_TASK, [], attempt, [])
        if attempt.ok:
            self._keep(envelope, record)
            return None
        # There are no parameters for the steps that follow a failure.
        failure = failure_of(record)
        self._ending.keep_failure(failure)
        return self._ending.fail_at_once(envelope, failure)

    def _keep(self, envelope, record):
        kept = commits.commit(self._store, self._layout, record)
        commits.wait(commits.finish(self._store, kept))
        self._records.add(self._layout, kept)
        envelope.pop("died", None)
