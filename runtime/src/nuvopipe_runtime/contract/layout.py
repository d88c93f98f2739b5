# Made by `npm run generate`; do not edit.
"""The objects in a datastore: builds and parses their keys, which are below the datastore's own root. From
`schemas/layout.json`."""

from typing import Final

RESERVED_FLOW_NAMES: Final = frozenset(["live", "cache", "slots", "_plans"])
"""Names that no flow can have: below nuvopipe's folder they stand where flows do."""

LAYERS_NAME: Final = "layers"
"""The folder of packages. It stands there too, but its objects look like those of no run: a flow may have this name."""

ROOT_PREFIX: Final = "_nuvopipe/"
"""All that nuvopipe keeps in the datastore, beside Metaflow's own tree."""

PLANS_PREFIX: Final = "_nuvopipe/_plans/"
"""Plans of the versions of flows that were deployed."""

LIVE_PREFIX: Final = "_nuvopipe/live/"
"""The index of runs that are not over."""

CACHE_PREFIX: Final = "_nuvopipe/cache/"
"""Artifacts to reuse."""

LAYERS_PREFIX: Final = "_nuvopipe/layers/"
"""Packages that flows ask for."""

TEMPLATES: Final = {
    "plan": "_nuvopipe/_plans/{flow}/{hash}.json",
    "live": "_nuvopipe/live/{flow}/{run}",
    "cache_entry": "_nuvopipe/cache/{flow}/{step}/{digest}",
    "ticket": "_nuvopipe/slots/{flow}/queue/{created:13}-{run}",
    "slot": "_nuvopipe/slots/{flow}/{slot:1}",
    "layer": "_nuvopipe/layers/{layer}.zip",
    "layer_lock": "_nuvopipe/layers/{requirements}.lock.json",
    "probe": "_nuvopipe/probe-{mark}-{contest}",
    "run": "_nuvopipe/{flow}/{run}/run.json",
    "secrets": "_nuvopipe/{flow}/{run}/secrets",
    "commit": "_nuvopipe/{flow}/{run}/tasks/{step}/{task}/commit",
    "failed_attempt": "_nuvopipe/{flow}/{run}/tasks/{step}/{task}/failed-{attempt:1}",
    "pool_open": "_nuvopipe/{flow}/{run}/pools/{opener}/{task}/open",
    "pool_claim": "_nuvopipe/{flow}/{run}/pools/{opener}/{task}/claims/{item:1}",
    "pool_join": "_nuvopipe/{flow}/{run}/pools/{opener}/{task}/join",
    "failed_item": "_nuvopipe/{flow}/{run}/pools/{opener}/{task}/failed/{item:1}",
    "given_up": "_nuvopipe/{flow}/{run}/pools/{opener}/{task}/given-up",
    "log_part": "_nuvopipe/{flow}/{run}/logs/{step}/{task}/{attempt:1}/{activation}/{part:5}.{stream}",
    "waiting": "_nuvopipe/{flow}/{run}/waiting",
    "given": "_nuvopipe/{flow}/{run}/given",
    "overdue": "_nuvopipe/{flow}/{run}/overdue",
    "child": "_nuvopipe/{flow}/{run}/children/{step}/{task}/{attempt:1}",
    "parent": "_nuvopipe/{flow}/{run}/parent",
    "guard": "_nuvopipe/{flow}/{run}/guard",
    "reused": "_nuvopipe/{flow}/{run}/reused/{step}/{task}",
    "failed": "_nuvopipe/{flow}/{run}/failed",
    "cancelled": "_nuvopipe/{flow}/{run}/cancelled",
    "result": "_nuvopipe/{flow}/{run}/result.json",
    "artifact": "{flow}/data/{start}/{sha}",
    "metaflow_log": "{flow}/{run}/{step}/{task}/{number}.task_{stream}.log",
    "metaflow_attempt": "{flow}/{run}/{step}/{task}/{number}.attempt.json",
    "metaflow_data": "{flow}/{run}/{step}/{task}/{number}.data.json",
    "metaflow_done": "{flow}/{run}/{step}/{task}/{number}.DONE.lock",
}
"""Keys by name, with the digits that a number has at least. Where a key fits two templates, the first one counts."""


def flow_prefix(flow: str) -> str:
    """`_nuvopipe/<flow>/`: The runs of a flow."""
    return f"_nuvopipe/{flow}/"


def flow_plans_prefix(flow: str) -> str:
    """`_nuvopipe/_plans/<flow>/`: Plans of one flow's versions."""
    return f"_nuvopipe/_plans/{flow}/"


def flow_live_prefix(flow: str) -> str:
    """`_nuvopipe/live/<flow>/`: The index of one flow's live runs."""
    return f"_nuvopipe/live/{flow}/"


def flow_cache_prefix(flow: str) -> str:
    """`_nuvopipe/cache/<flow>/`: Artifacts of one flow to reuse."""
    return f"_nuvopipe/cache/{flow}/"


def flow_slots_prefix(flow: str) -> str:
    """`_nuvopipe/slots/<flow>/`: Slots of a flow with `runs`."""
    return f"_nuvopipe/slots/{flow}/"


def queue_prefix(flow: str) -> str:
    """`_nuvopipe/slots/<flow>/queue/`: Tickets of runs that wait for a slot."""
    return f"_nuvopipe/slots/{flow}/queue/"


def metaflow_flow_prefix(flow: str) -> str:
    """`<flow>/`: Metaflow's own tree of a flow."""
    return f"{flow}/"


def plan_key(flow: str, hash: str) -> str:
    """`_nuvopipe/_plans/<flow>/<hash>.json`: Plan of one version of a flow; the runs of the version have its hash as
    `bundle`. Written by deploy."""
    return f"_nuvopipe/_plans/{flow}/{hash}.json"


def cache_entry_key(flow: str, step: str, digest: str) -> str:
    """`_nuvopipe/cache/<flow>/<step>/<digest>`: CacheEntry."""
    return f"_nuvopipe/cache/{flow}/{step}/{digest}"


def slot_key(flow: str, slot: int) -> str:
    """`_nuvopipe/slots/<flow>/<slot>`: `{run}`: the run that holds one of the slots of a flow with `runs`."""
    return f"_nuvopipe/slots/{flow}/{slot}"


def layer_key(layer: str) -> str:
    """`_nuvopipe/layers/<layer>.zip`: The wheels of `environment.pip`, unpacked into one zip."""
    return f"_nuvopipe/layers/{layer}.zip"


def layer_lock_key(requirements: str) -> str:
    """`_nuvopipe/layers/<requirements>.lock.json`: The exact wheels that requirements were resolved to."""
    return f"_nuvopipe/layers/{requirements}.lock.json"


def probe_key(mark: str, contest: str) -> str:
    """`_nuvopipe/probe-<mark>-<contest>`: Written and deleted by deploy, to find out whether conditional PUTs are
    atomic."""
    return f"_nuvopipe/probe-{mark}-{contest}"


def artifact_key(flow: str, start: str, sha: str) -> str:
    """`<flow>/data/<start>/<sha>`: Metaflow's content of an artifact; `start` is the first two digits of its SHA-1."""
    return f"{flow}/data/{start}/{sha}"


class RunLayout:
    """Keys of the objects of one run."""

    def __init__(self, flow: str, run: str) -> None:
        self.flow = flow
        self.run_id = run

    @property
    def run_prefix(self) -> str:
        """`_nuvopipe/<flow>/<run>/`: A run."""
        return f"_nuvopipe/{self.flow}/{self.run_id}/"

    @property
    def tasks_prefix(self) -> str:
        """`_nuvopipe/<flow>/<run>/tasks/`: Records of the attempts at a run's tasks."""
        return f"_nuvopipe/{self.flow}/{self.run_id}/tasks/"

    def step_prefix(self, step: str) -> str:
        """`_nuvopipe/<flow>/<run>/tasks/<step>/`: Records of the attempts at one step's tasks."""
        return f"_nuvopipe/{self.flow}/{self.run_id}/tasks/{step}/"

    def task_prefix(self, step: str, task: str) -> str:
        """`_nuvopipe/<flow>/<run>/tasks/<step>/<task>/`: Records of one task's attempts."""
        return f"_nuvopipe/{self.flow}/{self.run_id}/tasks/{step}/{task}/"

    @property
    def pools_prefix(self) -> str:
        """`_nuvopipe/<flow>/<run>/pools/`: Pools of a run."""
        return f"_nuvopipe/{self.flow}/{self.run_id}/pools/"

    def pool_prefix(self, opener: str, task: str) -> str:
        """`_nuvopipe/<flow>/<run>/pools/<opener>/<task>/`: The pool that a task of the step `opener` opened."""
        return f"_nuvopipe/{self.flow}/{self.run_id}/pools/{opener}/{task}/"

    def failed_attempts_prefix(self, step: str, task: str) -> str:
        """`_nuvopipe/<flow>/<run>/tasks/<step>/<task>/failed-`: Records of a task's attempts that failed."""
        return f"_nuvopipe/{self.flow}/{self.run_id}/tasks/{step}/{task}/failed-"

    def pool_claims_prefix(self, opener: str, task: str) -> str:
        """`_nuvopipe/<flow>/<run>/pools/<opener>/<task>/claims/`: Claims of a pool's items."""
        return f"_nuvopipe/{self.flow}/{self.run_id}/pools/{opener}/{task}/claims/"

    def failed_items_prefix(self, opener: str, task: str) -> str:
        """`_nuvopipe/<flow>/<run>/pools/<opener>/<task>/failed/`: Failures of items that did not fail the run."""
        return f"_nuvopipe/{self.flow}/{self.run_id}/pools/{opener}/{task}/failed/"

    @property
    def logs_prefix(self) -> str:
        """`_nuvopipe/<flow>/<run>/logs/`: What running steps have written so far."""
        return f"_nuvopipe/{self.flow}/{self.run_id}/logs/"

    def log_prefix(self, step: str, task: str, attempt: int, activation: str) -> str:
        """`_nuvopipe/<flow>/<run>/logs/<step>/<task>/<attempt>/<activation>/`: The output of one execution of a
        task."""
        return f"_nuvopipe/{self.flow}/{self.run_id}/logs/{step}/{task}/{attempt}/{activation}/"

    @property
    def children_prefix(self) -> str:
        """`_nuvopipe/<flow>/<run>/children/`: Runs that steps have started."""
        return f"_nuvopipe/{self.flow}/{self.run_id}/children/"

    def task_children_prefix(self, step: str, task: str) -> str:
        """`_nuvopipe/<flow>/<run>/children/<step>/<task>/`: Runs that one task has started."""
        return f"_nuvopipe/{self.flow}/{self.run_id}/children/{step}/{task}/"

    @property
    def metaflow_run_prefix(self) -> str:
        """`<flow>/<run>/`: Metaflow's files of a run."""
        return f"{self.flow}/{self.run_id}/"

    @property
    def live(self) -> str:
        """`_nuvopipe/live/<flow>/<run>`: LiveRecord, from before the run's record is written until after its result."""
        return f"_nuvopipe/live/{self.flow}/{self.run_id}"

    def ticket(self, created: int) -> str:
        """`_nuvopipe/slots/<flow>/queue/<created>-<run>`: The run waits for a slot."""
        return f"_nuvopipe/slots/{self.flow}/queue/{created:013d}-{self.run_id}"

    @property
    def run(self) -> str:
        """`_nuvopipe/<flow>/<run>/run.json`: RunRecord; written first, conditionally."""
        return f"_nuvopipe/{self.flow}/{self.run_id}/run.json"

    @property
    def secrets(self) -> str:
        """`_nuvopipe/<flow>/<run>/secrets`: The run's secret parameters, sealed."""
        return f"_nuvopipe/{self.flow}/{self.run_id}/secrets"

    def commit(self, step: str, task: str) -> str:
        """`_nuvopipe/<flow>/<run>/tasks/<step>/<task>/commit`: TaskRecord of the one committed attempt."""
        return f"_nuvopipe/{self.flow}/{self.run_id}/tasks/{step}/{task}/commit"

    def failed_attempt(self, step: str, task: str, attempt: int) -> str:
        """`_nuvopipe/<flow>/<run>/tasks/<step>/<task>/failed-<attempt>`: TaskRecord of an attempt that failed."""
        return f"_nuvopipe/{self.flow}/{self.run_id}/tasks/{step}/{task}/failed-{attempt}"

    def pool_open(self, opener: str, task: str) -> str:
        """`_nuvopipe/<flow>/<run>/pools/<opener>/<task>/open`: PoolRecord."""
        return f"_nuvopipe/{self.flow}/{self.run_id}/pools/{opener}/{task}/open"

    def pool_claim(self, opener: str, task: str, item: int) -> str:
        """`_nuvopipe/<flow>/<run>/pools/<opener>/<task>/claims/<item>`: ClaimRecord; the item is done when the task
        of its last step is committed."""
        return f"_nuvopipe/{self.flow}/{self.run_id}/pools/{opener}/{task}/claims/{item}"

    def pool_join(self, opener: str, task: str) -> str:
        """`_nuvopipe/<flow>/<run>/pools/<opener>/<task>/join`: ClaimRecord."""
        return f"_nuvopipe/{self.flow}/{self.run_id}/pools/{opener}/{task}/join"

    def failed_item(self, opener: str, task: str, item: int) -> str:
        """`_nuvopipe/<flow>/<run>/pools/<opener>/<task>/failed/<item>`: RunFailure, with `item`: the foreach
        continues without it."""
        return f"_nuvopipe/{self.flow}/{self.run_id}/pools/{opener}/{task}/failed/{item}"

    def given_up(self, opener: str, task: str) -> str:
        """`_nuvopipe/<flow>/<run>/pools/<opener>/<task>/given-up`: The pool belongs to an item that failed."""
        return f"_nuvopipe/{self.flow}/{self.run_id}/pools/{opener}/{task}/given-up"

    def log_part(self, step: str, task: str, attempt: int, activation: str, part: int, stream: str) -> str:
        """`_nuvopipe/<flow>/<run>/logs/<step>/<task>/<attempt>/<activation>/<part>.<stream>`: What a running step
        wrote; deleted when its log is in Metaflow's tree."""
        return f"_nuvopipe/{self.flow}/{self.run_id}/logs/{step}/{task}/{attempt}/{activation}/{part:05d}.{stream}"

    @property
    def waiting(self) -> str:
        """`_nuvopipe/<flow>/<run>/waiting`: WaitingRecord: a session waits until the platform accepts another one."""
        return f"_nuvopipe/{self.flow}/{self.run_id}/waiting"

    @property
    def given(self) -> str:
        """`_nuvopipe/<flow>/<run>/given`: What the step of another flow gives the run that it starts; sealed."""
        return f"_nuvopipe/{self.flow}/{self.run_id}/given"

    @property
    def overdue(self) -> str:
        """`_nuvopipe/<flow>/<run>/overdue`: A session waits for the end of the run's time limit."""
        return f"_nuvopipe/{self.flow}/{self.run_id}/overdue"

    def child(self, step: str, task: str, attempt: int) -> str:
        """`_nuvopipe/<flow>/<run>/children/<step>/<task>/<attempt>`: ChildRecord of the run that an attempt started
        and waits for."""
        return f"_nuvopipe/{self.flow}/{self.run_id}/children/{step}/{task}/{attempt}"

    @property
    def parent(self) -> str:
        """`_nuvopipe/<flow>/<run>/parent`: ParentRecord: a step of another run waits for this one."""
        return f"_nuvopipe/{self.flow}/{self.run_id}/parent"

    @property
    def guard(self) -> str:
        """`_nuvopipe/<flow>/<run>/guard`: ClaimRecord of the session that watches over the run."""
        return f"_nuvopipe/{self.flow}/{self.run_id}/guard"

    def reused(self, step: str, task: str) -> str:
        """`_nuvopipe/<flow>/<run>/reused/<step>/<task>`: The task was not executed: its record was taken over from
        another task."""
        return f"_nuvopipe/{self.flow}/{self.run_id}/reused/{step}/{task}"

    @property
    def failed(self) -> str:
        """`_nuvopipe/<flow>/<run>/failed`: RunFailure: every lane stops at its next step."""
        return f"_nuvopipe/{self.flow}/{self.run_id}/failed"

    @property
    def cancelled(self) -> str:
        """`_nuvopipe/<flow>/<run>/cancelled`: The same for a run that was cancelled."""
        return f"_nuvopipe/{self.flow}/{self.run_id}/cancelled"

    @property
    def result(self) -> str:
        """`_nuvopipe/<flow>/<run>/result.json`: RunResult: the run is over."""
        return f"_nuvopipe/{self.flow}/{self.run_id}/result.json"

    def metaflow_log(self, step: str, task: str, number: str, stream: str) -> str:
        """`<flow>/<run>/<step>/<task>/<number>.task_<stream>.log`: Metaflow's log of an attempt."""
        return f"{self.flow}/{self.run_id}/{step}/{task}/{number}.task_{stream}.log"

    def metaflow_attempt(self, step: str, task: str, number: str) -> str:
        """`<flow>/<run>/<step>/<task>/<number>.attempt.json`: Metaflow's note that an attempt began."""
        return f"{self.flow}/{self.run_id}/{step}/{task}/{number}.attempt.json"

    def metaflow_data(self, step: str, task: str, number: str) -> str:
        """`<flow>/<run>/<step>/<task>/<number>.data.json`: Metaflow's list of the artifacts of an attempt."""
        return f"{self.flow}/{self.run_id}/{step}/{task}/{number}.data.json"

    def metaflow_done(self, step: str, task: str, number: str) -> str:
        """`<flow>/<run>/<step>/<task>/<number>.DONE.lock`: Metaflow's note that an attempt is done."""
        return f"{self.flow}/{self.run_id}/{step}/{task}/{number}.DONE.lock"
