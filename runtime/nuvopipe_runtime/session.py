"""Walks the flow: takes an envelope, does what it names, answers the next one.

One call is one component of a conductor session: at most one task is executed. Entering the same envelope again is always
safe: what is committed is skipped, what is claimed and alive is left alone, a drained pool is joined once.
"""

from datetime import datetime, timezone

from . import commit as commits
from .execute import Attempt
from .guard import Guard
from .logs import LogStream
from .parameters import BadParameters, check_invocation, complete
from .plan import PARAMETERS_STEP, PARAMETERS_TASK, task_id
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

POLL_FIRST_S, POLL_MAX_S, POLL_GROWTH = 0.02, 0.5, 1.5
RUN_SHOWN_MAX = 128
"""Characters of a run's name that is none, in the answer which refuses it."""

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
        self._launcher = launcher
        self._environment = environment
        self._user = user

    def advance(self, envelope):
        """The next envelope; one without `block` ends the session and has its `result`."""
        envelope = dict(envelope, used=envelope.get("used", 0) + 1)
        if "params" in envelope:
            ended = self._begin(envelope)
            if ended is not None:
                return ended
            del envelope["params"]
        elif self._markers.stopped(self._context):
            return self._stop(envelope)
        if envelope.get("guard") is not None:
            return self._watch(envelope)
        if envelope["used"] > LAST_STEP_AT and not envelope.get("died"):
            return self._hand_over(dict(envelope, used=envelope["used"] - 1), waited=True)
        if envelope.get("claim"):
            # Of a lane that died here nobody knows which item it had claimed: its lease tells, once it has run out.
            envelope.pop("died", None)
            wanted = self._plan.profile(envelope["step"])
            envelope = self._claim(envelope)
            if "step" not in envelope or self._plan.profile(envelope["step"]) != wanted:
                return envelope  # nothing to do, or another action's to do
        return self._step(envelope)

    # ------------------------------------------------------------------ a run's beginning and end

    def _begin(self, envelope):
        """Checks the parameters, makes the run's record and its `_parameters`; an answer when there is nothing to start."""
        run = envelope["run"]
        try:
            check_invocation(envelope)
            values = complete(self._plan.parameters, envelope["params"])
        except BadParameters as error:
            refused = {"run": run[:RUN_SHOWN_MAX], "status": "failed", "error": {"message": str(error)}}
            return self._result(refused, refused)
        now = self._clock.now()
        record = {
            "version": 1,
            "flow": self._plan.flow,
            "run": run,
            "created": int(now * 1000),
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
        }
        try:
            self._store.create(self._layout.run, to_json(record))
        except Lost:
            # Its own record is found by a repeated PUT whose first answer was lost.
            is_ours = self._store.get_json(self._layout.run) == record
            if not is_ours and not envelope.get("died"):
                return self._stop(envelope)  # the same run was started before: this client gets its result
        self._markers.fresh(self._context)
        if envelope.get("died") and self._store.exists(self._layout.commit(PARAMETERS_STEP, PARAMETERS_TASK)):
            return None
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
        made = commits.make_record(self._context, PARAMETERS_STEP, PARAMETERS_TASK, [], attempt, [])
        if not attempt.ok:
            return self._fail(envelope, made)
        kept = commits.commit(self._store, self._layout, made)
        commits.wait(commits.finish(self._store, kept))
        self._records.add(self._layout, kept)
        envelope.pop("died", None)
        return None

    def _finish(self, envelope, record):
        result = {"run": envelope["run"], "status": "succeeded", "outputs": record.get("outputs", {})}
        self._write_once(self._layout.result, result)
        if len(to_json(result)) > OUTPUTS_MAX_BYTES:
            result["outputs"] = {name: None for name in result["outputs"]}
            result["note"] = f"the outputs are longer than {OUTPUTS_MAX_BYTES >> 10} kB: read them with Metaflow's client"
        return self._result(envelope, result)

    def _fail(self, envelope, record):
        failure = {
            "message": record["error"],
            "step": record["step"],
            "task": "/".join((record["flow"], record["run"], record["step"], record["task"])),
        }
        self._write_once(self._layout.failed, failure)
        result = {"run": envelope["run"], "status": "failed", "error": failure}
        self._write_once(self._layout.result, result)
        return self._result(envelope, result)

    def _write_once(self, key, value):
        try:
            self._store.create(key, to_json(value))
        except Lost:
            pass

    @staticmethod
    def _result(envelope, result):
        return {"run": envelope["run"], "result": result}

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
        task = task_id(at)
        again, died = envelope.pop("again", False), envelope.pop("died", None)
        record, files = None, []
        if again or died:
            record = self._store.get_json(self._layout.commit(step, task))
        if record is not None:
            files = commits.finish(self._store, record)
            again = True
        else:
            try:
                self._keep_lease(envelope)
            except Lost:
                return self._stop(envelope)
            attempt_record, stdout, stderr = self._died(step, task, at, died) if died else self._execute(step, task, at)
            record = commits.commit(self._store, self._layout, attempt_record)
            if not commits.is_ours(record, self._by):
                return self._stop(envelope)  # another session is on this path, and ahead
            files = commits.finish(self._store, record, stdout, stderr)
            again = False
        self._records.add(self._layout, record)
        if not record["ok"] or step == self._plan.end:
            # Whoever sees the run's result finds all of it.
            commits.wait(files)
            return self._finish(envelope, record) if record["ok"] else self._fail(envelope, record)
        if again:
            envelope["again"] = True
        following = self._follow(envelope, record)
        commits.wait(files)
        return following

    def _execute(self, step, task, at):
        spec = self._plan.steps[step]
        inputs = self._inputs(step, at)
        within = spec["within"]
        first_of_item = bool(within) and step in self._plan.pools[within[-1]]["first"]
        foreach = first_of_item and self._plan.pools[within[-1]]["kind"] == "foreach"
        request = {
            "run": self._layout.run_id,
            "step": step,
            "task": task,
            "attempt": 0,
            "split": at[-1] if foreach else None,
            "inputs": [
                {"path": _path(record, with_attempt=True), "objects": record["objects"], "info": record["info"]}
                for record in inputs
            ],
            "outputs": self._plan.outputs if step == self._plan.end else [],
            "root": self._store.root,
            "tags": self._plan.tags,
        }
        attempt = self._executor.run(self._store, "step", request, self._environment, spec["timeoutMs"] / 1000, self._deadline)
        record = commits.make_record(self._context, step, task, at, attempt, [_path(record) for record in inputs])
        return record, attempt.stdout, attempt.stderr

    def _died(self, step, task, at, message):
        """The record of an attempt whose activation answered nothing of it: a lost container, or a failure of ours."""
        log = LogStream(lambda line: None)
        error = f"the step's activation failed: {message}"
        log.add_line(error)
        now = self._clock.now()
        attempt = Attempt(False, {}, error, b"", log.content(), now, now)
        record = commits.make_record(self._context, step, task, at, attempt, [])
        return record, b"", attempt.stderr

    def _inputs(self, step, at):
        """Records of the tasks that a task reads, in Metaflow's order."""
        wanted = self._plan.inputs(step, at, self._items)
        return self._records.get_all(self._store, self._layout, wanted)

    def _items(self, opener, at):
        return self._records.items(self._pool(opener, at), self._layout.pool(opener, at))

    def _keep_lease(self, envelope):
        within = self._plan.steps[envelope["step"]]["within"]
        if not within:
            return
        timeout_ms = self._plan.steps[envelope["step"]]["timeoutMs"]
        lease = envelope.get("lease")
        if lease is None or self._clock.now_ms() + timeout_ms + RENEW_MARGIN_MS > lease:
            pool = self._pool(within[-1], envelope["at"][:-1])
            envelope["lease"] = pool.renew(envelope["at"][-1], lease, timeout_ms)

    # ------------------------------------------------------------------ what follows a step

    def _follow(self, envelope, record):
        following = self._plan.steps[record["step"]]["next"]
        if "step" in following:
            return self._go(envelope, following["step"])
        if "open" in following:
            return self._open(envelope, following["open"], record)
        return self._item_done(envelope, following["done"])

    def _go(self, envelope, step, **changes):
        """On to a step of this session, or of a fresh one when this session's components run out."""
        envelope = dict(envelope, step=step, block=self._plan.block(step), **changes)
        return self._hand_over(envelope) if envelope["used"] >= CONTINUE_FROM else envelope

    def _open(self, envelope, opener, record):
        spec, at = self._plan.pools[opener], envelope.get("at", [])
        items = len(spec["branches"]) if spec["kind"] == "branches" else record["splits"]
        pool = self._pool(opener, at)
        pool.open(items)
        self._records.know_items(self._layout.pool(opener, at), items)
        lanes = min(spec["concurrency"], items)
        self._launcher.launch_all([self._lane(opener, at, lane * items // lanes) for lane in range(1, lanes)])
        return self._next_item(envelope, opener, at, 0)

    def _lane(self, opener, at, preferred):
        step = self._plan.first(opener, preferred)
        return {
            "run": self._layout.run_id,
            "block": self._plan.block(step),
            "step": step,
            "at": [*at, preferred],
            "claim": True,
        }

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
        items = self._items(opener, at)
        timeout_ms = self._plan.steps[self._plan.first(opener, min(preferred, items - 1))]["timeoutMs"]
        claimed = pool.claim(preferred, items, timeout_ms)
        if claimed is not None:
            item, lease = claimed
            envelope = dict(envelope, lease=lease)
            return self._go(envelope, self._plan.first(opener, item), at=[*at, item])
        return self._drained(envelope, opener, at, items)

    def _drained(self, envelope, opener, at, items):
        """Every item is claimed. The lane that finds all of them done, and is first to claim the join, goes on."""
        pool = self._pool(opener, at)
        join = self._plan.pools[opener]["join"]
        if len(pool.done(range(items))) == items and pool.claim_join(self._plan.steps[join]["timeoutMs"]):
            envelope = dict(envelope)
            envelope.pop("lease", None)
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

    def _hand_over(self, envelope, waited=False):
        """Starts a fresh session for the rest. Refused, this one works on while it can, then waits and asks again."""
        fresh = {key: value for key, value in envelope.items() if key not in ("home", "used", "wait", "answerWithin")}
        if self._launcher.launch(fresh):
            return self._stop(envelope)
        used = envelope["used"] + (1 if waited else 0)
        if used < LAST_STEP_AT:
            return envelope
        if used + 2 <= SESSION_COMPONENTS_MAX:
            return dict(envelope, used=used, wait=_until_next_window_ms(self._clock.now_ms()))
        # The last component: hold on as long as it may run.
        while self._clock.now() + LAUNCH_POLL_S < self._deadline:
            self._clock.sleep(LAUNCH_POLL_S)
            if self._launcher.launch(fresh):
                return self._stop(envelope)
        raise RuntimeError("the platform takes no further session of this run: too many requests")

    def _stop_home_unfinished(self, envelope):
        answer = self._stop(envelope)
        if answer["result"]["status"] == "running":
            guard = Guard(self._context)
            if guard.appoint():
                self._launcher.launch(self._guard_envelope({"run": envelope["run"]}, 0))
        return answer

    def _guard_envelope(self, envelope, checks):
        kept = {key: envelope[key] for key in ("run", "used") if key in envelope}
        block = self._plan.block(self._plan.start)
        return {**kept, "block": block, "guard": checks, "wait": Guard.pause_ms(checks)}

    def _watch(self, envelope):
        """One look of the run's guard: expired claims are taken over, each by a session of its own."""
        guard = Guard(self._context)
        for rescue in guard.rescues():
            if not self._launcher.launch(rescue):
                return dict(rescue, used=envelope["used"])  # nobody else can: the guard does it itself
        if guard.dismiss():
            return self._stop(envelope)
        following = self._guard_envelope(envelope, envelope["guard"] + 1)
        if envelope["used"] >= CONTINUE_FROM:
            following.pop("used")
            if self._launcher.launch(following):
                return self._stop(envelope)
            if envelope["used"] + 2 > SESSION_COMPONENTS_MAX:
                return self._stop(envelope)
            following["used"] = envelope["used"]
        return following


def _path(record, with_attempt=False):
    path = f"{record['run']}/{record['step']}/{record['task']}"
    return f"{path}/{record['attempt']}" if with_attempt else path


def _until_next_window_ms(now_ms):
    # A little after the minute, spread, so that sessions that waited together do not all ask in the same instant.
    return THROTTLE_WINDOW_MS - now_ms % THROTTLE_WINDOW_MS + now_ms % 2_000
