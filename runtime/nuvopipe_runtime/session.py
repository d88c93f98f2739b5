"""Walks the flow: takes an envelope, does what it names, answers the next one.

One call is one component of a conductor session: at most one task is executed. Entering the same envelope again is always
safe: what is committed is skipped, what is claimed and alive is left alone, a drained pool is joined once.
"""

import math
from datetime import datetime, timezone

from . import attempts, calls
from . import commit as commits
from .cache import Cache
from .execute import Attempt
from .guard import Guard
from .launch import ENVELOPE_KEY, LATER
from .lineage import Lineage, pathspec
from .live import Live
from .logs import LogStream
from .parameters import BadParameters, check_invocation, complete, is_run_name
from .plan import PARAMETERS_STEP, PARAMETERS_TASK, conductor_of, task_id, version_of
from .pools import RENEW_MARGIN_MS, Pool
from .store import Lost, to_json

SESSION_COMPONENTS_MAX = 50
"""OpenWhisk's actionSequenceLimit: components that one conductor session may invoke."""

CONTINUE_FROM = 44
"""Used components from which a session hands over to a fresh one as soon as the platform takes it."""

LAST_STEP_AT = 46
"""Used components from which it executes nothing more: what is left is kept for waiting until it can hand over."""

THROTTLE_WINDOW_MS = 60_000
"""OpenWhisk counts invocations by the clock minute."""

LAUNCH_POLL_S = 1.0
ANSWER_WITHIN_S = 50
"""How long after its start a run's first session answers a client with the result: OpenWhisk's blocking calls end at 60 s."""

WALK_RESERVE_S = 8
"""Kept of an activation's time when it walks over what has been done before."""

GROW_FIRST_MS = 2_000
GROW_AGAIN_MS = 15_000
"""After a refusal, a fork asks for one more lane at these intervals."""

BATCH_RESERVE_S = 10
"""Kept of an activation's time, beside the step's own, when it takes one more item of a batch."""

POLL_FIRST_S, POLL_MAX_S, POLL_GROWTH = 0.02, 0.5, 1.5
RUN_SHOWN_MAX = 128
"""Characters of a run's name that is none, in the answer which refuses it."""

ACTION_ERROR = "ActionError"
"""What `retry.on` calls the failure of an action, or of a flow that a step has started."""

OUTPUTS_MAX_BYTES = 256 << 10
"""Of OpenWhisk's 1 MB for a result; composer prints it to the log, too."""


class Session:
    """One activation's part of a conductor session."""

    def __init__(self, context, container, launcher, environment, user):
        self._context = context
        self._plan = context.plan
        self._store = context.store
        self._layout = context.layout
        self._clock = context.clock
        self._by = context.by
        self._deadline = context.deadline
        self._executor = container.executor
        self._markers = container.markers
        self._records = container.records
        self._secrets = container.secrets
        self._launcher = launcher
        self._environment = environment
        self._user = user
        self._live = Live(context)
        self._origin = None
        self._lineage = Lineage(context, None)
        self._cache = Cache(context, container)
        self._profile = None
        """Of the steps that this activation's action is for."""
        self._peeked = None
        """What has been read of the next task already: its key, and its record."""

    def advance(self, envelope):
        """The next envelope; one without `block` ends the session and has its `result`."""
        self._origin = envelope.get("origin")
        self._lineage = Lineage(self._context, self._origin)
        self._profile = self._plan.profile(envelope["step"]) if "step" in envelope else None
        following = self._advance(dict(envelope, used=envelope.get("used", 0) + 1))
        return self._with_origin(following) if "block" in following else following

    def _with_origin(self, envelope):
        return {**envelope, "origin": self._origin} if self._origin else envelope

    def _launch(self, envelope):
        return self._launcher.launch(self._with_origin(envelope))

    def _advance(self, envelope):
        if envelope.get("cancel"):
            return self._cancel(envelope)
        if "params" in envelope:
            ended = self._begin(envelope)
            if ended is not None:
                return ended
            del envelope["params"]
        elif envelope.get("sweep"):
            # Whatever the markers say: a run that has failed may have been lost on the way to its result.
            envelope = self._sweep(envelope)
            if "result" in envelope or self._plan.profile(envelope["step"]) != self._plan.profile(self._plan.start):
                return envelope
        elif envelope.get("step") not in self._plan.handlers and self._markers.stopped(self._context):
            return self._stop(envelope)
        if envelope.get("guard") is not None:
            return self._watch(envelope)
        if envelope["used"] > LAST_STEP_AT and not envelope.get("died") and not self._plan.is_sequence:
            return self._hand_over(dict(envelope, used=envelope["used"] - 1), waited=True)
        if envelope.get("claim"):
            # Of a lane that died here nobody knows which item it had claimed: its lease tells, once it has run out.
            envelope.pop("died", None)
            wanted = self._plan.profile(envelope["step"])
            envelope = self._claim(envelope)
            if "step" not in envelope or self._plan.profile(envelope["step"]) != wanted:
                return envelope  # nothing to do, or another action's to do
        following = self._step(envelope)
        items = 1
        while self._is_known(following) or self._has_room_for(following, envelope, items):
            items += following["at"] != envelope["at"]
            envelope, following = following, self._step(following)
        return following

    def _is_known(self, following):
        """Whether the next task need not be executed: then this activation goes on, whatever action the step is of."""
        if "step" not in following or self._plan.is_sequence:
            return False
        if not (following.get("again") or self._origin or self._is_cacheable(following["step"])):
            return False
        if following.keys() & {"wait", "call", "claim", "answer", "result"} or following.get("guard") is not None:
            return False
        if self._clock.now() + WALK_RESERVE_S >= self._deadline:
            return False
        self._peeked = self._layout.commit(following["step"], task_id(following["at"])), self._known(following)
        return self._peeked[1] is not None

    def _known(self, envelope):
        """The record of a task that is committed, or that the run's origin has; None when it has to be executed."""
        step, at = envelope["step"], envelope.get("at", [])
        key = self._layout.commit(step, task_id(at))
        if self._peeked and self._peeked[0] == key:
            return self._peeked[1]
        record = self._store.get_json(key)
        if record is None and self._origin:
            found = self._lineage.find(step, task_id(at), self._inputs(envelope, step, at))
            record = found and commits.commit(self._store, self._layout, found)
        if record is None and self._is_cacheable(step) and not self._lineage.redoes:
            inputs = self._inputs(envelope, step, at)
            is_whole = self._has_all(step, at, inputs)
            found = self._cache.find(step, at, inputs, self._lineage.facts) if is_whole else None
            record = found and commits.commit(self._store, self._layout, found)
        return record

    def _is_cacheable(self, step):
        """Whether it may be found in the cache here: its environment is known to its own action alone."""
        return "cache" in self._plan.steps[step] and self._plan.profile(step) == self._profile

    def _has_all(self, step, at, inputs):
        """A join that goes on without failed items is told of them, and they are no inputs."""
        opener = self._plan.steps[step].get("joins")
        return "minSuccess" not in self._plan.pools.get(opener, {}) or len(inputs) == self._items(opener, at)

    def _has_room_for(self, following, envelope, items):
        """Whether this activation takes the next step of a batch, too: `items` of a foreach are being done in it already."""
        step = following.get("step")
        depth = step and self._plan.pool_depth(step)
        if depth is None or following.keys() & {"wait", "call", "claim", "answer"} or "result" in following:
            return False
        opener = self._plan.steps[step]["within"][depth]
        batch = self._plan.pools[opener].get("batch", 1)
        is_next_item = following["at"][: depth + 1] != envelope["at"][: depth + 1]
        if opener not in self._plan.steps[envelope["step"]]["within"] or items + is_next_item > batch or batch == 1:
            return False
        if self._plan.profile(step) != self._plan.profile(envelope["step"]) or self._markers.stopped(self._context):
            return False
        needed_s = self._plan.steps[step]["timeoutMs"] / 1000 + BATCH_RESERVE_S
        return self._clock.now() + needed_s < self._deadline

    # ------------------------------------------------------------------ a run's beginning and end

    def _begin(self, envelope):
        """Checks the parameters, makes the run's record and its `_parameters`; an answer when there is nothing to start."""
        run = envelope["run"]
        try:
            check_invocation(envelope)
            given = self._secrets.open(self._store, envelope["params"])
            if self._origin:
                self._lineage.check(given)
            else:
                values = complete(self._plan.parameters, given, self._plan.directory)
        except BadParameters as error:
            refused = {"run": run[:RUN_SHOWN_MAX], "status": "failed", "error": {"message": str(error)}}
            if envelope.get("answerWithin") == 0 and is_run_name(run) and not self._origin:
                self._store.put(self._layout.refused, to_json(refused["error"]))
            return self._result(refused, refused)
        now = self._clock.now()
        record = {
            "version": 1,
            "flow": self._plan.flow,
            "run": run,
            "created": int(now * 1000),
            # Two that start one run in the same millisecond are told apart.
            "by": self._by,
            "user": self._user,
            "tags": self._plan.tags,
            "system_tags": sorted(
                [
                    "date:" + datetime.fromtimestamp(now, timezone.utc).strftime("%Y-%m-%d"),
                    "runtime:nuvopipe",
                    "user:" + self._user,
                ]
            ),
            "start": self._plan.start,
            "end": self._plan.end,
            "bundle": self._plan.hash,
            **({"origin": self._lineage.record} if self._origin else {}),
        }
        lease = self._live.begin(envelope, self._plan.steps[self._plan.start]["timeoutMs"])
        try:
            self._store.create(self._layout.run, to_json(record))
        except Lost:
            # Its own record is found by a repeated PUT whose first answer was lost.
            is_ours = self._store.get_json(self._layout.run) == record
            if not is_ours and not envelope.get("died"):
                if lease is not None and self._store.exists(self._layout.result):
                    self._live.end()  # of a run that is over; one that has only just begun goes on with this entry
                return self._stop(envelope)  # the same run was started before: this client gets its result
        if lease is not None:
            envelope["lease"] = lease
        self._markers.fresh(self._context)
        if envelope.get("died") and self._store.exists(self._layout.commit(PARAMETERS_STEP, PARAMETERS_TASK)):
            return None
        if self._origin:
            return self._begin_resumed(envelope)
        values = self._secrets.keep(self._context, values)
        attempt = self._executor.run(
            self._store,
            "init",
            {
                "run": run,
                "task": PARAMETERS_TASK,
                "parameters": values,
                "root": self._store.root,
                "tags": record["tags"],
            },
            self._environment,
            self._deadline - now,
            self._deadline,
        )
        if attempt.kinds == [attempts.CRASH] and not envelope.get("died"):
            raise RuntimeError(attempt.error)  # nothing of the user's has failed: the conductor asks once more
        made = commits.make_record(self._context, PARAMETERS_STEP, PARAMETERS_TASK, [], attempt, [])
        if not attempt.ok:
            # There are no parameters for the steps that follow a failure.
            self._write_once(self._layout.failed, _failure_of(made))
            return self._end_failed(envelope, _failure_of(made))
        self._keep_parameters(envelope, made)
        return None

    def _begin_resumed(self, envelope):
        self._secrets.copy(self._context, self._origin[0])
        self._keep_parameters(envelope, self._lineage.parameters())

    def _keep_parameters(self, envelope, record):
        kept = commits.commit(self._store, self._layout, record)
        commits.wait(commits.finish(self._store, kept))
        self._records.add(self._layout, kept)
        envelope.pop("died", None)

    def _finish(self, envelope, record):
        result = {"run": envelope["run"], "status": "succeeded", "outputs": record.get("outputs", {})}
        self._end(result)
        if len(to_json(result)) > OUTPUTS_MAX_BYTES:
            result["outputs"] = {name: None for name in result["outputs"]}
            result["note"] = f"the outputs are longer than {OUTPUTS_MAX_BYTES >> 10} kB: read them with Metaflow's client"
        return self._result(envelope, result)

    def _fail(self, envelope, record):
        """After a task that failed for good: of a foreach that collects failures, on to its next item; else the run's end."""
        failure = _failure_of(record)
        if record["step"] in self._plan.handlers:
            return self._handled(envelope, failure)
        return self._fail_at(envelope, record["step"], record["at"], failure)

    def _fail_at(self, envelope, step, at, failure):
        depth = self._plan.collecting_depth(step)
        if depth is not None:
            return self._fail_item(envelope, step, at, depth, failure)
        is_ours = self._write_once(self._layout.failed, failure)
        if self._plan.on_failure is None:
            return self._end_failed(envelope, failure)
        if not is_ours:
            return self._stop(envelope)  # somebody else follows another failure
        return self._follow_failure(envelope)

    def _fail_item(self, envelope, step, at, depth, failure):
        within = self._plan.steps[step]["within"]
        for inner in range(depth + 1, len(within)):
            if within[inner] in self._plan.pools:
                self._pool(within[inner], at[:inner]).give_up()
        opener, item = within[depth], at[depth]
        if not self._pool(opener, at[:depth]).fail_item(item, {"item": item, **failure}):
            return self._stop(envelope)  # another branch of the item has failed, too, and was first
        kept = {key: value for key, value in envelope.items() if key not in ("from", "attempt", "lease")}
        return self._next_item(kept, opener, at[:depth], item + 1)

    def _end_failed(self, envelope, failure, more=None):
        result = {"run": envelope["run"], "status": "failed", "error": failure, **(more or {})}
        if self._store.exists(self._layout.cancelled):
            result = {key: value for key, value in result.items() if key != "error"} | {"status": "cancelled"}
        self._end(result)
        return self._result(envelope, self._store.get_json(self._layout.result) if more else result)

    def _end(self, result):
        """The run is over: all of it can be read, its result is there, and then it is no live one any more."""
        commits.finish_missing(self._store, self._layout)
        self._write_once(self._layout.result, result)
        self._live.end()

    def _handled(self, envelope, error=None):
        """The end of what follows a failure; `error` is its own."""
        failure = self._store.get_json(self._layout.failed)
        return self._end_failed(envelope, failure, {"onFailure": error or {"status": "succeeded"}})

    # ------------------------------------------------------------------ cancelled, or lost

    def _cancel(self, envelope):
        """Every lane stops at its next step, and ends the one that it executes."""
        run = envelope["run"]
        record = self._store.get_json(self._layout.run) if is_run_name(run) else None
        if record is None:
            message = f"there is no run {run[:RUN_SHOWN_MAX]} of {self._plan.flow}"
            refused = {"run": run[:RUN_SHOWN_MAX], "status": "failed", "error": {"message": message}}
            return self._result(refused, refused)
        result = self._store.get_json(self._layout.result)
        if result is not None:
            return self._result(envelope, result)  # too late
        self._write_once(self._layout.cancelled, {"by": self._by, "at": self._clock.now_ms()})
        envelope = {**envelope, "home": True}
        if record["bundle"] == self._plan.hash:
            return self._end_cancelled(envelope)
        # What follows the end of a run is its own version's.
        refusal = self._start_version(record, {"cancel": envelope["run"]})
        if refusal == LATER and not self._plan.is_sequence:
            return dict(envelope, wait=_until_next_window_ms(self._clock.now_ms()))
        if refusal in (None, LATER):
            return self._stop(envelope)
        return self._end_failed(envelope, {"message": "the run was cancelled"})

    def _start_version(self, record, arguments):
        """Invokes the conductor of the version that a run is of; answers as `Launcher.start`."""
        return self._launcher.start(conductor_of(record["flow"], record["bundle"]), arguments)

    def _end_cancelled(self, envelope):
        failure = {"message": "the run was cancelled"}
        if self._plan.on_failure is not None:
            self._write_once(self._layout.failed, failure)
            return self._follow_failure(envelope)
        return self._end_failed(envelope, failure)

    def _follow_failure(self, envelope):
        kept = {key: envelope[key] for key in ("run", "used", "home", "answerWithin", "again") if key in envelope}
        return self._go(dict(kept, at=[]), self._plan.on_failure)

    def _sweep(self, envelope):
        """A look at a run whose lease has run out: what is lost of it is entered again."""
        if self._store.exists(self._layout.result):
            self._live.end()
            return self._stop(envelope)
        record = self._store.get_json(self._layout.run)
        is_ours = record is None or record["bundle"] == self._plan.hash
        if not is_ours and self._start_version(record, {ENVELOPE_KEY: _swept(record)}) in (None, LATER):
            return self._stop(envelope)
        taken = self._live.take_over()
        if taken is None:
            return self._stop(envelope)
        lease, place = taken
        record = record or self._store.get_json(self._layout.run)
        if record is None:
            self._live.end()  # it never began, and nothing is left of what it was given
            return self._stop(envelope)
        if "origin" in record:
            self._origin = [record["origin"]["run"], *filter(None, [record["origin"].get("from")])]
            self._lineage = Lineage(self._context, self._origin)
        kept = {"run": envelope["run"], "used": envelope["used"], "again": True, "lease": lease}
        if not is_ours:
            return self._end_of_version(kept, record)
        if self._store.exists(self._layout.cancelled):
            return self._end_cancelled(kept)
        failure = self._store.get_json(self._layout.failed)
        if failure is not None:
            return self._end_failed(kept, failure) if self._plan.on_failure is None else self._follow_failure(kept)
        if not self._store.exists(self._layout.commit(PARAMETERS_STEP, PARAMETERS_TASK)):
            failure = {"message": "the run was lost before its parameters were kept: start it again"}
            self._write_once(self._layout.failed, failure)
            return self._end_failed(kept, failure)
        guard = Guard(self._context)
        for rescue in guard.rescues():
            if not self._launch(rescue):
                return dict(rescue, used=envelope["used"])
        if guard.is_needed():
            return self._stop(envelope)  # lanes are at work
        return self._go({**kept, **place}, place["step"], **({"before": place["from"]} if "from" in place else {}))

    def _end_of_version(self, envelope, record):
        """Of a run whose version is deployed no more: nobody can drive it on."""
        flow, run, version = record["flow"], record["run"], version_of(record["bundle"])
        why = f"the run was lost, and {flow} is deployed with another version than its own, {version}"
        failure = {"message": f"{why}: resume it with nuvopipe resume {flow}/{run}"}
        self._write_once(self._layout.failed, failure)
        return self._end_failed(envelope, self._store.get_json(self._layout.failed))

    def _write_once(self, key, value):
        """True when it is there now, by this or an earlier entry."""
        try:
            self._store.create(key, to_json(value))
            return True
        except Lost:
            return self._store.get_json(key) == value

    @staticmethod
    def _result(envelope, result):
        return {"run": envelope["run"], "used": envelope.get("used", 0), "result": result}

    def _stop(self, envelope):
        """Ends a session whose work is somebody else's now. The one a client waits for answers with the run's result."""
        if not envelope.get("home"):
            return self._result(envelope, {"run": envelope["run"], "status": "running"})
        run = self._store.get_json(self._layout.run)
        until = min(run["created"] / 1000 + envelope.get("answerWithin", ANSWER_WITHIN_S), self._deadline - LAUNCH_POLL_S)
        pause = POLL_FIRST_S
        while True:
            result = self._store.get_json(self._layout.result)
            if result is not None:
                return self._result(envelope, result)
            if self._store.exists(self._layout.cancelled):
                return self._result(envelope, {"run": envelope["run"], "status": "cancelled"})
            if self._clock.now() + pause >= until:
                return self._result(envelope, {"run": envelope["run"], "status": "running"})
            self._clock.sleep(pause)
            pause = min(pause * POLL_GROWTH, POLL_MAX_S)

    # ------------------------------------------------------------------ one step

    def _step(self, envelope):
        step, at = envelope["step"], envelope.get("at", [])
        task, spec = task_id(at), self._plan.steps[step]
        again, died = envelope.pop("again", False), envelope.pop("died", None)
        attempt, answer = envelope.pop("attempt", 0), envelope.pop("answer", None)
        record, files = None, []
        entered_again = bool(again or died or self._origin)
        if entered_again or self._is_cacheable(step):
            record = self._known(envelope)
        if record is not None:
            if not entered_again and not commits.is_ours(record, self._by):
                return self._stop(envelope)  # another session is on this path, and ahead
            files = commits.finish(self._store, record)
            again = entered_again
        else:
            try:
                self._keep_lease(envelope, spec["timeoutMs"])
            except Lost:
                return self._stop(envelope)
            if again or died:
                kept = commits.attempt_after_failures(self._store, self._layout, step, task)
                if kept > attempt:
                    attempt, died = kept, None  # what died had kept its failure before
            if self._is_late():
                tried = self._not_tried(f"the flow was ended after its time limit of {self._plan.timeout_ms / 1000:g} s")
            elif died and "poll" not in envelope:
                tried = self._not_tried(f"the step's activation failed: {died}", attempts.kinds_of_death(died))
            elif "call" in spec and answer is None and attempt <= spec.get("retry", {}).get("times", 0):
                answer, tried, waiting = self._call(envelope, spec["call"], step, at, attempt)
                if waiting is not None:
                    return waiting
            else:
                tried = None
            if tried is None and answer is not None and calls.error_of(answer) is not None:
                tried = self._not_tried(calls.error_of(answer), [ACTION_ERROR])
            inputs, parents = [], []
            if tried is None:
                inputs = self._inputs(envelope, step, at)
                failed = [record for record in inputs if not record["ok"]]
                if failed or self._goes_on_without_some(step, at, inputs):
                    following = self._say_failed(envelope, step, at, failed)
                    if following is not None:
                        return following
                    inputs = [record for record in inputs if record["ok"]]
                parents = commits.parents_of(inputs)
                tried = self._execute(envelope, step, at, inputs, attempt, answer)
            if tried.was_stopped:
                return self._stop(envelope)  # the run is over
            record = commits.make_record(self._context, step, task, at, tried, parents, attempt)
            if inputs and self._is_cacheable(step):
                record["cache"] = self._cache.facts(step, at, inputs)
            if not tried.ok:
                following = self._repeat(envelope, record, tried, attempt)
                if following is not None:
                    return following
            record = commits.commit(self._store, self._layout, record)
            is_ours = commits.is_ours(record, self._by)
            if not is_ours and not again:
                return self._stop(envelope)  # another session is on this path, and ahead
            # Who has taken a path over goes on with what the other has left: that one may have stopped for it.
            files = commits.finish(self._store, record, *((tried.stdout, tried.stderr) if is_ours else ()))
            if is_ours and "cache" in record and self._has_all(step, at, inputs):
                files += self._cache.keep(record, inputs)
            again = not is_ours
        self._records.add(self._layout, record)
        envelope.pop("poll", None)
        if again:
            envelope["again"] = True
        if not record["ok"] or step == self._plan.end:
            # Whoever sees the run's result finds all of it.
            commits.wait(files)
            return self._finish(envelope, record) if record["ok"] else self._fail(envelope, record)
        following = self._follow(envelope, record)
        commits.wait(files)
        return following

    def _goes_on_without_some(self, step, at, inputs):
        """Whether a join lacks items: whoever takes it over has to look whether there are enough of them."""
        opener = self._plan.steps[step].get("joins")
        return "minSuccess" in self._plan.pools.get(opener, {}) and len(inputs) < self._items(opener, at)

    def _say_failed(self, envelope, join, at, records):
        """Of items whose last task failed, and whose lane has not said so. None when the join may go on without them."""
        opener = self._plan.steps[join]["joins"]
        least = self._plan.pools[opener].get("minSuccess")
        if least is None:
            return self._fail(envelope, records[0])
        pool = self._pool(opener, at)
        for record in records:
            item = record["at"][len(at)]
            pool.fail_item(item, {"item": item, **_failure_of(record)})
        missing = _too_few(least, self._items(opener, at), pool.failures())
        return missing and self._fail_at(envelope, join, at, missing)

    def _repeat(self, envelope, record, tried, attempt):
        """The envelope of the next attempt, once the failed one is kept; None when there is none."""
        spec = self._plan.steps[record["step"]]
        if self._is_late():
            return None
        if attempts.is_repeated(spec, attempt, tried.kinds):
            following, wait = attempt + 1, attempts.pause_ms(spec, attempt, pathspec(record))
        else:
            following, wait = attempts.fallback(spec, attempt), 0
        if following is None:
            return None
        record["retried"] = following
        commits.keep_failed(self._store, self._layout, record)
        commits.wait(commits.finish(self._store, record, tried.stdout, tried.stderr))
        envelope.pop("poll", None)
        return self._pause(dict(envelope, attempt=following), wait)

    def _pause(self, envelope, wait_ms):
        """The same step again, after a pause outside of any step's container."""
        spec = self._plan.steps[envelope["step"]]
        if wait_ms <= 0:
            return self._hand_over(envelope) if self._runs_out(envelope) else envelope
        try:
            self._keep_lease(envelope, spec["timeoutMs"] + wait_ms)
        except Lost:
            return self._stop(envelope)
        if self._runs_out(envelope, attempts.pauses(wait_ms)):
            return self._hand_over(dict(envelope, wait=min(wait_ms, attempts.PAUSE_MAX_MS)), keeps_wait=True)
        return dict(envelope, wait=wait_ms)

    def _is_late(self):
        """Whether the run has taken longer than the flow may."""
        if self._plan.timeout_ms is None:
            return False
        created = self._records.created(self._store, self._layout)
        return self._clock.now_ms() >= created + self._plan.timeout_ms

    def _time_left_s(self, spec):
        """What an attempt may take: the step's time limit, or what is left of the flow's."""
        limit = spec["timeoutMs"] / 1000
        if self._plan.timeout_ms is None:
            return limit
        created = self._records.created(self._store, self._layout)
        return max(0.001, min(limit, (created + self._plan.timeout_ms) / 1000 - self._clock.now()))

    def _execute(self, envelope, step, at, inputs, attempt, answer):
        spec = self._plan.steps[step]
        request = {
            **self._request(step, at, inputs),
            "attempt": attempt,
            "retries": spec.get("retry", {}).get("times", 0),
            "retryOn": spec.get("retry", {}).get("on", []),
            "outputs": self._plan.outputs if step == self._plan.end else [],
        }
        if "joins" in spec:
            request["turns"] = self._plan.turns(step, at)
        if answer is not None:
            request["answer"] = answer["result"]
        if "minSuccess" in self._plan.pools.get(spec.get("joins"), {}):
            request["failures"] = list(self._pool(spec["joins"], at).failures().values())
        if step == self._plan.on_failure:
            request["failure"] = self._store.get_json(self._layout.failed)
        return self._run("step", request, spec)

    def _request(self, step, at, inputs):
        return {
            "run": self._layout.run_id,
            "step": step,
            "task": task_id(at),
            "split": self._plan.split(step, at),
            "inputs": [{"path": _path(record), "objects": record["objects"], "info": record["info"]} for record in inputs],
            "secrets": self._secrets.of(self._context),
            "root": self._store.root,
            "tags": self._plan.tags,
            **({"origin": self._origin[0]} if self._origin else {}),
        }

    def _run(self, operation, request, spec):
        is_over = None if request["step"] in self._plan.handlers else lambda: self._markers.stopped(self._context)
        limit = self._time_left_s(spec)
        return self._executor.run(self._store, operation, request, self._environment, limit, self._deadline, is_over)

    def _not_tried(self, error, kinds=()):
        """An attempt of which there is nothing but how it failed: a lost container, an action's answer."""
        log = LogStream(lambda line: None)
        log.add_line(error)
        now = self._clock.now()
        return Attempt(False, {}, error, b"", log.content(), now, now, kinds)

    # ------------------------------------------------------------------ a step that is done elsewhere

    def _call(self, envelope, call, step, at, attempt):
        """`(answer, attempt, envelope)`, one of which is not None: what was answered, how it failed, what is next."""
        if "poll" in envelope:
            return self._look_after(envelope, call, step, at, attempt)
        if "flow" in call:
            return self._start_flow(envelope, call, step, at, attempt, 0)
        made = self._arguments(envelope, step, at)
        if not made.ok:
            return None, made, None
        following = dict(envelope, call=made.result["arguments"])
        return None, None, following | ({"attempt": attempt} if attempt else {})

    def _arguments(self, envelope, step, at):
        return self._run("arguments", self._request(step, at, self._inputs(envelope, step, at)), self._plan.steps[step])

    def _start_flow(self, envelope, call, step, at, attempt, poll):
        """Answers as `_call`. The flow has been looked for `poll` times."""
        made = self._arguments(envelope, step, at)
        if not made.ok:
            return None, made, None
        arguments = made.result["arguments"]
        run = calls.run_of(self._layout, step, task_id(at), attempt)
        refusal = self._launcher.start(call["flow"], {**arguments, "run": run, "wait": 0})
        if refusal == "later":
            following = dict(envelope) | ({"attempt": attempt} if attempt else {})
            return None, None, self._pause(following, _until_next_window_ms(self._clock.now_ms()))
        if refusal is not None:
            return None, self._not_tried(f"the flow {call['flow']} could not be started: {refusal}", [ACTION_ERROR]), None
        if call["detach"]:
            return {"result": {"run": run}}, None, None
        return None, None, self._look_later(envelope, call, attempt, poll)

    def _look_later(self, envelope, call, attempt, poll):
        following = dict(envelope, poll=poll) | ({"attempt": attempt} if attempt else {})
        return self._pause(following, calls.poll_ms(poll))

    def _look_after(self, envelope, call, step, at, attempt):
        """Whether the flow that a step has started has its result."""
        poll = envelope["poll"] + 1
        run = calls.run_of(self._layout, step, task_id(at), attempt)
        answer = calls.result_of(self._store, call["flow"], run)
        if answer is not None:
            return answer, None, None
        if "timeoutMs" in call and calls.is_late(self._store, call["flow"], run, call["timeoutMs"], self._clock.now_ms()):
            limit = call["timeoutMs"] / 1000
            late = f"the flow {call['flow']} has no result after {limit:g} s, which is the step's time limit (run {run})"
            return None, self._not_tried(late, [attempts.TIMEOUT]), None
        if poll % calls.START_AGAIN_EVERY == 0 and not calls.has_begun(self._store, call["flow"], run):
            if poll >= calls.UNBEGUN_LOOKS_MAX:
                unbegun = f"the flow {call['flow']} was started and has not begun: the activations of {call['flow']} tell why"
                return None, self._not_tried(f"{unbegun} (run {run})", [ACTION_ERROR]), None
            return self._start_flow(envelope, call, step, at, attempt, poll)
        return None, None, self._look_later(envelope, call, attempt, poll)

    # ------------------------------------------------------------------ what a step reads, and its lease

    def _inputs(self, envelope, step, at):
        """Records of the tasks that a task reads, in Metaflow's order."""
        before = envelope.get("from")
        wanted = self._plan.inputs(step, at, before and (before[0], before[1:]), self._items_done)
        return self._records.get_all(self._store, self._layout, wanted)

    def _items(self, opener, at):
        return self._records.items(self._pool(opener, at), self._layout.pool(opener, at))

    def _items_done(self, opener, at):
        items = range(self._items(opener, at))
        if "minSuccess" not in self._plan.pools[opener]:
            return items
        failed = self._pool(opener, at).failures()
        return [item for item in items if item not in failed]

    def _keep_lease(self, envelope, needed_ms):
        depth = self._plan.pool_depth(envelope["step"])
        lease = envelope.get("lease")
        if depth is None:
            envelope["lease"] = self._live.keep(envelope, lease, needed_ms)
            return
        if lease is None or self._clock.now_ms() + needed_ms + RENEW_MARGIN_MS > lease:
            at = envelope["at"]
            pool = self._pool(self._plan.steps[envelope["step"]]["within"][depth], at[:depth])
            envelope["lease"] = pool.renew(at[depth], lease, needed_ms)

    # ------------------------------------------------------------------ what follows a step

    def _follow(self, envelope, record):
        step, at = record["step"], record["at"]
        following = self._plan.steps[step]["next"]
        if "handled" in following:
            return self._handled(envelope)
        if "open" in following:
            return self._open(envelope, following["open"], record)
        if "done" in following:
            return self._item_done(envelope, following["done"])
        chosen = record["chose"] if "choose" in following else following["step"]
        return self._go(envelope, chosen, at=self._plan.coordinate(step, at, chosen), before=[step, *at])

    def _go(self, envelope, step, before=None, **changes):
        """On to a step of this session, or of a fresh one when this session's components run out."""
        envelope = dict(envelope, step=step, block=self._plan.block(step), **changes)
        envelope.pop("from", None)
        if before is not None and not self._plan.has_one_predecessor(step):
            envelope["from"] = before
        return self._hand_over(envelope) if self._runs_out(envelope) else envelope

    def _runs_out(self, envelope, more=0):
        """Whether this session should hand over. A sequence cannot, and need not: it is as long as its flow."""
        return envelope["used"] + more >= CONTINUE_FROM and not self._plan.is_sequence

    def _open(self, envelope, opener, record):
        spec, at = self._plan.pools[opener], envelope.get("at", [])
        items = len(spec["branches"]) if spec["kind"] == "branches" else record["splits"]
        pool = self._pool(opener, at)
        pool.open(items)
        self._records.know_items(self._layout.pool(opener, at), items)
        envelope = {key: value for key, value in envelope.items() if key != "lease"}
        if envelope.get("again") and self._store.exists(self._layout.commit(spec["join"], task_id(at))):
            return self._go(envelope, spec["join"], at=list(at))  # all of it is done
        lanes = min(spec["concurrency"], items)
        wanted = [self._lane(opener, at, lane * items // lanes) for lane in range(1, lanes)]
        missing = len(wanted) - self._launcher.launch_all(wanted)
        if missing:
            envelope["grow"] = [opener, missing, self._clock.now_ms() + GROW_FIRST_MS]
        return self._next_item(envelope, opener, at, 0)

    def _grow(self, envelope, opener, at, preferred):
        """One more lane, if some were refused and there may be room for it by now."""
        if envelope.get("grow", [None])[0] != opener:
            return
        _, missing, not_before = envelope["grow"]
        if self._clock.now_ms() < not_before:
            return
        if self._launch(self._lane(opener, at, preferred)):
            missing, pause = missing - 1, GROW_FIRST_MS
        else:
            pause = GROW_AGAIN_MS + self._clock.now_ms() % GROW_FIRST_MS
        envelope["grow"] = [opener, missing, self._clock.now_ms() + pause]
        if missing == 0:
            del envelope["grow"]

    def _lane(self, opener, at, preferred):
        step = self._plan.first(opener, preferred)
        lane = {
            "run": self._layout.run_id,
            "block": self._plan.block(step),
            "step": step,
            "at": [*at, preferred],
            "claim": True,
        }
        return self._with_origin(lane)

    def _claim(self, envelope):
        """A lane's entry: the envelope of the wished item's first step, or of another's; without one, the session's end."""
        step, at = envelope["step"], envelope["at"]
        del envelope["claim"]
        return self._next_item(envelope, self._plan.steps[step]["within"][-1], at[:-1], at[-1])

    def _item_done(self, envelope, opener):
        at, item = envelope["at"][:-1], envelope["at"][-1]
        return self._next_item(envelope, opener, at, item + 1)

    def _next_item(self, envelope, opener, at, preferred):
        pool = self._pool(opener, at)
        if self._plan.collecting_depth(opener) is not None and pool.is_given_up():
            return self._stop(envelope)
        items = self._items(opener, at)
        timeout_ms = self._plan.steps[self._plan.first(opener, min(preferred, items - 1))]["timeoutMs"]
        claimed = pool.claim(preferred, items, timeout_ms)
        if claimed is not None:
            item, lease = claimed
            envelope = dict(envelope, lease=lease)
            self._grow(envelope, opener, at, (item + items // 2) % items)
            return self._go(envelope, self._plan.first(opener, item), at=[*at, item])
        return self._drained(envelope, opener, at, items)

    def _drained(self, envelope, opener, at, items):
        """Every item is claimed. The lane that finds all of them done, and is first to claim the join, goes on."""
        pool, spec = self._pool(opener, at), self._plan.pools[opener]
        join = spec["join"]
        succeeded = pool.done(range(items))
        failed = pool.failures() if "minSuccess" in spec else {}
        if len(succeeded | failed.keys()) == items and pool.claim_join(self._plan.steps[join]["timeoutMs"]):
            envelope = {key: value for key, value in envelope.items() if key not in ("lease", "grow")}
            missing = _too_few(spec["minSuccess"], items, failed) if failed else None
            if missing is not None:
                return self._fail_at(dict(envelope, at=list(at)), join, list(at), missing)
            return self._go(envelope, join, at=list(at))
        # Others still hold an item, or the join: if they are lost, somebody has to see it.
        if envelope.get("home"):
            return self._stop_home_unfinished(envelope)
        if Guard(self._context).appoint():
            return self._guard_envelope(envelope, 0)
        return self._stop(envelope)

    def _pool(self, opener, at):
        return Pool(self._context, opener, at)

    # ------------------------------------------------------------------ handing over, watching

    def _hand_over(self, envelope, waited=False, keeps_wait=False):
        """Starts a fresh session for the rest. Refused, this one works on while it can, then waits and asks again."""
        left = {"home", "used", "answerWithin", "waits"} | (set() if keeps_wait else {"wait"})
        fresh = {key: value for key, value in envelope.items() if key not in left}
        if self._launch(fresh):
            return self._stop(envelope)
        since = envelope.pop("waits", None) or self._clock.now_ms()
        self._tell_waiting(since)
        used = envelope["used"] + (1 if waited else 0)
        if used < LAST_STEP_AT:
            return envelope
        if used + 2 <= SESSION_COMPONENTS_MAX:
            return dict(envelope, used=used, waits=since, wait=_until_next_window_ms(self._clock.now_ms()))
        # The last component: hold on as long as it may run.
        while self._clock.now() + LAUNCH_POLL_S < self._deadline:
            self._clock.sleep(LAUNCH_POLL_S)
            if self._launch(fresh):
                return self._stop(envelope)
        raise RuntimeError("the platform takes no further session of this run: too many requests")

    def _tell_waiting(self, since_ms):
        """For `nuvopipe status`: the platform takes no more sessions for now."""
        self._store.put(self._layout.waiting, to_json({"since": since_ms, "reason": "too many requests (429)"}))

    def _stop_home_unfinished(self, envelope):
        answer = self._stop(envelope)
        if answer["result"]["status"] == "running":
            guard = Guard(self._context)
            if guard.appoint() and not self._launch(self._guard_envelope({"run": envelope["run"]}, 0)):
                guard.resign()  # another lane may find room for one
        return answer

    def _guard_envelope(self, envelope, checks):
        kept = {key: envelope[key] for key in ("run", "used") if key in envelope}
        block = self._plan.block(self._plan.start)
        return {**kept, "block": block, "guard": checks, "wait": Guard.pause_ms(checks)}

    def _watch(self, envelope):
        """One look of the run's guard: expired claims are taken over, each by a session of its own."""
        guard = Guard(self._context)
        for rescue in guard.rescues():
            if not self._launch(rescue):
                guard.resign()
                return dict(rescue, used=envelope["used"])  # nobody else can: the guard does it itself
        if guard.dismiss():
            return self._stop(envelope)
        following = self._guard_envelope(envelope, envelope["guard"] + 1)
        if envelope["used"] >= CONTINUE_FROM:
            following.pop("used")
            if self._launch(following):
                return self._stop(envelope)
            if envelope["used"] + 2 > SESSION_COMPONENTS_MAX:
                guard.resign()
                return self._stop(envelope)
            following["used"] = envelope["used"]
        return following


def _swept(record):
    """The envelope with which a run that may be lost is looked at."""
    return {"run": record["run"], "block": record["start"], "step": record["start"], "at": [], "sweep": True}


def _too_few(least, items, failed):
    """The failure of a foreach of which too few items succeeded; None when there are enough."""
    needed = least["count"] if "count" in least else math.ceil(least["part"] * items)
    succeeded = items - len(failed)
    if succeeded >= needed:
        return None
    first = next(iter(failed.values()))
    message = f"{succeeded} of {items} items succeeded, and {needed} have to; the first failure: {first['message']}"
    return {**{key: first[key] for key in ("step", "task")}, "message": message}


def _failure_of(record):
    return {"message": record["error"], "step": record["step"], "task": pathspec(record)}


def _path(record):
    return f"{record['run']}/{record['step']}/{record['task']}/{record['attempt']}"


def _until_next_window_ms(now_ms):
    # A little after the minute, spread, so that sessions that waited together do not all ask in the same instant.
    return THROTTLE_WINDOW_MS - now_ms % THROTTLE_WINDOW_MS + now_ms % 2_000
