# Made by `npm run generate` from schemas/{plan,manifest,envelope,records}.v1.schema.json; do not edit.
"""The formats that nuvopipe's parts share, as types. Only type checkers import it: no container spends its start on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypedDict, Union, final

if TYPE_CHECKING:
    from typing import NotRequired


@final
class PlanSource(TypedDict):
    """The flow file: its base name as users know it, and its name beside `flow.py` in the zip."""

    name: str
    file: str


@final
class Plan(TypedDict):
    """`plan.json`: a compiled flow in the form that the runtime executes. The compiler writes it; it is in the step
    action's zip beside `flow.py`, and deploying keeps it beside the runs."""

    version: Literal[1]
    hash: Sha256
    """SHA-256 over everything a run executes: the rest of the plan, `flow.py`, and the user's files beside it."""
    flow: str
    """Name of the flow, of its class in `flow.py` and of the conductor action."""
    description: NotRequired[str]
    tags: list[str]
    """Tags of every run."""
    start: str
    """The first step."""
    end: str
    """The last step; its task holds the run's outputs."""
    parameters: dict[str, PlannedParameter]
    outputs: list[str]
    """Artifacts of the end step returned as the run's result."""
    steps: dict[str, PlannedStep]
    pools: dict[str, PlannedPool]
    """By the name of the step that opens the pool."""
    loops: dict[str, PlannedLoop]
    """By the name of the loop, as steps have it in `within`."""
    onFailure: NotRequired[str]
    """The first of the steps that run after a failure."""
    timeoutMs: NotRequired[int]
    """Time limit of a whole run."""
    runs: NotRequired[PlannedRuns]
    isSequence: NotRequired[Literal[True]]
    """The flow is deployed as a native sequence: it has no conductor, and sessions are never handed over."""
    profiles: dict[str, Profile]
    """By name, such as `p512-120s`."""
    standIns: NotRequired[list[str]]
    """Profiles whose actions act as stand-ins for an action that cannot start, in the order in which they are tried.
    Absent if no action of the flow is more likely to start than the step's own."""
    source: PlanSource
    """The flow file: its base name as users know it, and its name beside `flow.py` in the zip."""
    sourceMap: dict[str, SourceRange]
    """Functions of `flow.py` whose body comes from the flow file, by function name."""


@final
class PlannedParameter(TypedDict):
    type: ParameterType
    default: NotRequired[Any]
    """For a file, its path beside `flow.py`."""
    required: bool
    help: NotRequired[str]
    enum: NotRequired[list[Any]]
    min: NotRequired[ExactNumber]
    max: NotRequired[ExactNumber]
    pattern: NotRequired[str]
    """Python's `re.fullmatch` must accept the value."""
    binary: NotRequired[Literal[True]]
    """A binary file; its content is sent in base64."""


@final
class PlannedStep(TypedDict):
    block: str
    """The basic block of the composition that runs this step."""
    profile: str
    timeoutMs: int
    """The user's time limit for one attempt."""
    within: list[str]
    """Scopes around the step, outermost first: pools, by their openers, of whose items it is a step, and loops. A
    task's `at` has one index for each: the item's or the turn's."""
    joins: NotRequired[str]
    """The opener of the pool that this step joins."""
    next: Next
    retry: NotRequired[PlannedRetry]
    made: NotRequired[Literal[True]]
    """A synthetic step: it contains no user code, so it may be executed again after its container is lost."""
    catches: NotRequired[Literal[True]]
    """After the last attempt, the failure is stored in an artifact and the flow continues."""
    call: NotRequired[PlannedCall]
    cache: NotRequired[PlannedCache]
    vars: NotRequired[dict[str, str]]
    """Environment variables of this step alone."""
    secrets: NotRequired[list[str]]
    """Names of the secrets in the step's environment."""


@final
class NextStep(TypedDict):
    step: str


@final
class NextChoose(TypedDict):
    choose: list[str]


@final
class NextOpen(TypedDict):
    open: str


@final
class NextDone(TypedDict):
    done: str


@final
class NextEnd(TypedDict):
    end: Literal[True]


@final
class NextHandled(TypedDict):
    handled: Literal[True]


@final
class PlannedRetry(TypedDict):
    times: int
    """Maximum number of repetitions of a failed attempt."""
    backoffMs: int
    """Pause before the first repetition; each further pause is `factor` times as long, up to `maxMs`."""
    factor: float
    maxMs: int
    jitter: float
    """Random part of a pause, 0 to 1."""
    withinMs: NotRequired[int]
    """Time limit for all attempts together, pauses included."""
    on: list[str]
    """Names of exception classes, `timeout`, `crash`; empty: every failure."""


@final
class PlannedCallAction(TypedDict):
    action: str


@final
class PlannedCallFlow(TypedDict):
    flow: str
    detach: bool
    timeoutMs: NotRequired[int]


@final
class PlannedCache(TypedDict):
    """The step's artifacts are reused if all of this is the same, and its inputs are too."""

    code: Sha256
    """SHA-256 over what the compiler made of the step and all that it uses, and over the flow's code files."""
    environment: Sha256
    """SHA-256 over variables, image and requirements. The runtime adds what they amount to in a container."""


@final
class PlannedPool(TypedDict):
    kind: Literal["foreach", "branches"]
    over: NotRequired[str]
    """foreach: the artifact of the opener that holds the items."""
    branches: NotRequired[list[str]]
    """branches: the names, in the order of `first`."""
    first: list[str]
    """First step of an item: one for a foreach, one per branch for branches."""
    last: list[str]
    """Last step of an item, in the same order."""
    join: str
    concurrency: int
    """Maximum number of lanes."""
    batch: NotRequired[int]
    """Maximum number of items that a lane processes in one activation."""
    minSuccess: NotRequired[MinSuccess]


@final
class MinSuccessCount(TypedDict):
    count: int


@final
class MinSuccessPart(TypedDict):
    part: float


@final
class PlannedLoop(TypedDict):
    first: str
    """The first step of a turn."""
    max: NotRequired[int]
    """Maximum number of turns."""
    pauseMs: NotRequired[int]
    """Pause between two turns."""


@final
class PlannedRuns(TypedDict):
    """How many runs execute at once, and what happens to further ones."""

    atOnce: int
    beyond: Literal["queue", "skip", "cancel"]


@final
class Profile(TypedDict):
    """One step action is deployed per profile: steps with the same memory, time limit, image and packages share warm
    containers."""

    memoryMB: int
    timeLimitMs: int
    """The action's limit: the longest step of the profile and the runtime's own margin."""
    pip: NotRequired[list[str]]
    """The requirements of `environment.pip`, sorted."""
    image: NotRequired[str]
    """Replaces OpenWhisk's Python."""


@final
class SourceRange(TypedDict):
    line: int
    """First line of the body in `flow.py`, from 1."""
    sourceLine: int
    """Line of the flow file that this first line comes from, from 1."""
    lines: int
    """Number of lines."""
    sourceLines: NotRequired[list[int]]
    """Line of the flow file of each line, if they do not follow one another as in `flow.py`: in folded or quoted
    text."""


@final
class Manifest(TypedDict):
    """`manifest.json`: the contents of a bundle and how to deploy them."""

    version: Literal[1]
    flow: str
    compiler: str
    """The version of nuvopipe that compiled the bundle."""
    hash: Sha256
    """SHA-256 over all other files of the bundle."""
    package: str
    """Package of the versioned actions and of `wait`: `<flow>.steps`."""
    flowVersion: str
    """Version of the flow; its runs finish on what was deployed with it."""
    conductor: ManifestConductor
    sequence: NotRequired[list[str]]
    """Step actions in the order of the steps: the flow is deployed as this sequence, without conductors and `wait`."""
    wait: ManifestWait
    steps: list[ManifestStep]
    """One per profile; all share one zip."""
    triggers: NotRequired[list[ManifestTrigger]]
    """Triggers that start the flow; absent if there are none."""
    files: dict[str, Sha256]
    """SHA-256 of every file of the bundle."""


@final
class ManifestConductor(TypedDict):
    name: str
    """What clients invoke: always the current version."""
    versioned: str
    """The same action once more, in the package, for the runs of this version."""
    kind: Literal["nodejs:20"]
    file: Literal["conductor.js"]
    memoryMB: int
    timeLimitMs: int


@final
class ManifestWait(TypedDict):
    """Pauses a session outside any step's container; its argument is `{wait}` in milliseconds."""

    name: Literal["wait"]
    kind: Literal["nodejs:20"]
    file: Literal["wait.js"]
    memoryMB: int
    timeLimitMs: int


@final
class ManifestStep(TypedDict):
    name: str
    profile: str
    kind: Literal["python:3"]
    image: NotRequired[str]
    """Runs the action instead of the kind."""
    file: Literal["step.zip"]
    memoryMB: int
    timeLimitMs: int


@final
class ManifestTriggerSchedule(TypedDict):
    """As written in the flow, without a time zone that is UTC."""

    cron: str
    timezone: NotRequired[str]


@final
class ManifestTrigger(TypedDict):
    """A trigger, and the rule by which it invokes the conductor."""

    name: str
    """`HelloFlow.schedule-1a2b3c`; under `on` as the flow names it: `uploads`, `/namespace/uploads`."""
    rule: str
    feed: NotRequired[str]
    """The feed action that fires it: the trigger belongs to the flow. Without a feed the trigger may exist already."""
    parameters: NotRequired[dict[str, Any]]
    """Parameters of the feed."""
    schedule: NotRequired[ManifestTriggerSchedule]
    """As written in the flow, without a time zone that is UTC."""


@final
class EnvelopeAnswerResult(TypedDict):
    result: Any


@final
class EnvelopeAnswerError(TypedDict):
    error: Any


Envelope = TypedDict(
    "Envelope",
    {
        # Absent: 1.
        "version": "NotRequired[Literal[1]]",
        "run": "str",
        # Block of the composition to enter; absent when the session has ended and `result` is set.
        "block": "NotRequired[str]",
        "step": "NotRequired[str]",
        # The step's coordinate: one index for each scope around it, outermost first.
        "at": "NotRequired[list[int]]",
        # The last index of `at` is a proposal: the item must be claimed first.
        "claim": "NotRequired[Literal[True]]",
        # Re-entered, for example after a retry, a takeover or a resume: committed tasks are skipped.
        "again": "NotRequired[Literal[True]]",
        # When the lease on the innermost claim expires, epoch milliseconds.
        "lease": "NotRequired[int]",
        # Components that this session has used, of the 50 that OpenWhisk allows it.
        "used": "NotRequired[int]",
        # The session that a client waits for: it answers with the run's result.
        "home": "NotRequired[Literal[True]]",
        # Milliseconds to pause (in the `wait` action, not in a step's container) before the block is entered.
        "wait": "NotRequired[float]",
        # This session guards the run's claims instead of working; the number of checks so far.
        "guard": "NotRequired[int]",
        # This session waits for the run's time limit, beside one that awaits an action; how often it has looked so
        # far.
        "overdue": "NotRequired[int]",
        # The run has ended, and the session that waits for it must still be started.
        "wake": "NotRequired[Literal[True]]",
        # Seconds after the run's start within which the home session answers with the result; absent: the runtime's
        # default.
        "answerWithin": "NotRequired[float]",
        # When the home session answers at the latest, epoch milliseconds; absent: no client waits.
        "answerBy": "NotRequired[int]",
        # The step action returned an error instead of an envelope: its text.
        "died": "NotRequired[str]",
        # The step's own action died twice: which of the plan's stand-ins is entered instead, from 1.
        "standIn": "NotRequired[int]",
        # The task before, if the plan alone does not determine it.
        "from": "NotRequired[TaskPlace]",
        # Which attempt of the task; absent: the first, 0.
        "attempt": "NotRequired[int]",
        # When the first attempt of the task began, epoch milliseconds, if all attempts share a time limit.
        "since": "NotRequired[int]",
        # How often the result of a called flow has been checked.
        "poll": "NotRequired[int]",
        # The run that this one resumes, and the step to execute again from.
        "origin": "NotRequired[list[str]]",
        # The run must be cancelled.
        "cancel": "NotRequired[Literal[True]]",
        # A check of a run whose lease has expired.
        "sweep": "NotRequired[Literal[True]]",
        # Lanes that a fork still lacks: its opener, how many are missing, when to check again, when the last ones
        # were launched (-1: none has been), since when the lane works on its item (all epoch milliseconds), and how
        # many milliseconds the item before took. While lanes are being launched: how many more the first of them
        # carries.
        "grow": "NotRequired[list[Any]]",
        # Since when the session has waited for the platform to accept another one, epoch milliseconds.
        "waits": "NotRequired[int]",
        "launch": "NotRequired[Launch]",
        # From the conductor, if the platform refused a session that was to be launched: how many it accepted (0
        # only if it refused the first), and why it refused: `busy` (too many calls in this minute), `crowded` (too
        # much at once, or no answer), or the reason of a refusal for good.
        "launched": "NotRequired[list[Any]]",
        # The component before asked for a new session for the rest, and it was refused.
        "handsOver": "NotRequired[Literal[True]]",
        # The home session has nothing left to do but to wait for the run's result.
        "awaits": "NotRequired[Literal[True]]",
        # The run's guard makes room for another one.
        "resigns": "NotRequired[Literal[True]]",
        # A sweep has found claims whose lanes are lost, and looks for more.
        "rescues": "NotRequired[Literal[True]]",
        # The component before asked for the step's flow to be started, and it was refused.
        "starts": "NotRequired[Literal[True]]",
        # The component before asked for a session that watches the run's time limit.
        "watched": "NotRequired[Literal[True]]",
        # For the conductor: arguments of the action that the step calls.
        "call": "NotRequired[dict[str, Any]]",
        # From the conductor: what the action answered, or how it failed.
        "answer": "NotRequired[EnvelopeAnswerResult | EnvelopeAnswerError]",
        # The client's parameters, only in the first envelope of a run. Encrypted and in base64 if the flow has
        # secret parameters.
        "params": "NotRequired[dict[str, Any] | str]",
        "result": "NotRequired[RunResult]",
    },
)
"""Everything that passes through the controller. The composition passes it to a step action and receives the next
one. It never exceeds ENVELOPE_MAX_BYTES, however large the artifacts are; only the first one carries `params`. A
key that this version does not know is refused, never dropped."""


@final
class Launch(TypedDict):
    """For the conductor: sessions to launch before this one continues. The conductor removes it, so it does not
    count towards the size of the envelope."""

    sessions: list[LaunchedSession]
    """In this order, several at a time after the first, until one is refused."""
    then: NotRequired[dict[str, Any]]
    """The session's next envelope, or its last, once all are accepted; absent: the one that the launch is in."""
    also: NotRequired[list[LaunchedSession]]
    """Launched too; nobody learns whether they were accepted."""
    persists: NotRequired[int]
    """The conductor asks again until its components run out; since when, epoch milliseconds."""


@final
class LaunchedSessionEnvelope(TypedDict):
    envelope: dict[str, Any]
    """Of a session of this run."""
    items: NotRequired[list[int]]
    """One session for each, with it as the last index of `at`."""


@final
class LaunchedSessionAction(TypedDict):
    action: str
    """The conductor of a flow, or of one of its versions."""
    arguments: dict[str, Any]


@final
class RunResult(TypedDict):
    """What `ow action invoke <flow> -r` answers, and the record `result.json`. A failed run's answer has it under
    `error`, as OpenWhisk requires."""

    version: NotRequired[Literal[1]]
    """Absent: 1."""
    run: str
    status: RunState
    outputs: NotRequired[dict[str, Any]]
    exact: NotRequired[dict[str, str]]
    """Numbers among the outputs that JSON cannot represent, by JSON pointer: `NaN`, `Infinity`, `-Infinity`, which
    are null in `outputs`; in a client's answer also long integers, which are texts there."""
    error: NotRequired[RunFailure]
    onFailure: NotRequired[HandlersResult]
    note: NotRequired[str]
    """A remark, for example that the run was skipped or already existed."""


@final
class HandlersResultStatus(TypedDict):
    status: Literal["succeeded"]


@final
class RunFailure(TypedDict):
    """Why a run, or an item of a foreach, failed."""

    version: NotRequired[Literal[1]]
    """Absent: 1."""
    message: str
    step: NotRequired[str]
    task: NotRequired[str]
    """Pathspec of the task: `Flow/run/step/task`."""
    code: NotRequired[str]
    """`run-exists`: a run of this name was started before with other parameters and is not affected."""
    item: NotRequired[int]
    """The failed item of a foreach that continues without it."""


@final
class RunRecord(TypedDict):
    """`run.json`: a run. Written first, conditionally."""

    version: NotRequired[Literal[1]]
    """Absent: 1."""
    flow: str
    run: str
    created: int
    """Epoch milliseconds."""
    by: NotRequired[str]
    """Activation id of the component that began the run."""
    user: str
    tags: list[str]
    system_tags: list[str]
    start: str
    """The flow's first step."""
    end: str
    """The flow's last step."""
    bundle: str
    """Hash of the plan that the run was started with: `_nuvopipe/_plans/<Flow>/<hash>.json`."""
    isSequence: NotRequired[Literal[True]]
    """A native sequence executes the run: no session of it can start another one."""
    origin: NotRequired[RunOrigin]
    given: NotRequired[dict[str, GivenParameter]]
    """The parameters that its client gave."""
    key: NotRequired[str]
    """Names the S3 secret key under which the digests in `given` were made, without revealing it."""
    refused: NotRequired[str]
    """Why the parameters were rejected: the run has failed and cannot be resumed."""


RunOrigin = TypedDict(
    "RunOrigin",
    {
        "run": "str",
        "from": "NotRequired[str]",
    },
)
"""The run that a run resumes, and the step that is executed again with all that follows it."""


@final
class GivenParameter(TypedDict):
    digest: str
    """A digest under a key derived from the datastore's."""
    shown: NotRequired[str]
    """The value as text; absent for secrets."""


@final
class ArtifactInfo(TypedDict):
    size: int
    type: str
    encoding: str


@final
class DroppedInfo(TypedDict):
    """An artifact that no longer exists: which join dropped it, and why."""

    dropped: str
    why: str


@final
class Metadatum(TypedDict):
    """As in Metaflow's metadata service, without what the record's own place says."""

    field_name: str
    value: Any
    """Text, in most cases."""
    type: str
    tags: list[str]
    ts_epoch: int
    """Epoch milliseconds."""


@final
class TaskRecord(TypedDict):
    """`tasks/<step>/<task>/commit`: the committed attempt of a task; `…/failed-<n>`: attempt n, which failed and was
    followed by another."""

    version: NotRequired[Literal[1]]
    """Absent: 1."""
    flow: str
    run: str
    step: str
    task: str
    attempt: int
    """From 0."""
    at: list[int]
    """The task's coordinate: one index for each scope around the step."""
    started: int
    """Epoch milliseconds."""
    ended: int
    """Epoch milliseconds."""
    ok: bool
    objects: dict[str, str]
    """As in Metaflow's `<attempt>.data.json`: SHA-1 of each artifact."""
    info: dict[str, ArtifactInfo | DroppedInfo]
    metadata: list[Metadatum]
    parents: list[str]
    """Pathspecs, without the flow, of the tasks that this one read, up to PARENTS_MAX."""
    chose: NotRequired[str]
    """The step that a decision led to."""
    splits: NotRequired[int]
    """Opener of a foreach: the number of items."""
    outputs: NotRequired[dict[str, Any]]
    """The outputs of the end step."""
    exact: NotRequired[dict[str, str]]
    """As in RunResult."""
    by: str
    """Activation id of the attempt."""
    logs: NotRequired[list[Stream]]
    """The streams that the attempt has written to."""
    error: NotRequired[str]
    """A failed attempt: the last line of its traceback, or how its process ended."""
    kinds: NotRequired[list[str]]
    """Names that `retry.on` can match: names of the exception's classes, `timeout`, `crash`."""
    origin: NotRequired[str]
    """Pathspec of the task whose artifacts a resumed run reuses."""
    cached: NotRequired[str]
    """Pathspec of the task whose artifacts are reused because of `cache: true`."""
    cache: NotRequired[CacheFacts]
    """A step with `cache: true`: what its key was made of."""
    retried: NotRequired[int]
    """A failed attempt: the number of the attempt that followed."""


@final
class CacheFacts(TypedDict):
    """The parts that distinguish a task of a step with `cache: true`."""

    key: str
    """SHA-256 over all parts."""
    hit: bool
    """The artifacts are those of the task that `cached` names."""
    parts: CacheParts


@final
class CacheParts(TypedDict):
    """Each part as the first CACHE_PART_LENGTH digits of a SHA-256."""

    code: str
    environment: str
    secrets: NotRequired[str]
    """Values of the secrets and secret parameters that the step can read, under a key derived from the datastore's."""
    place: str
    """Which item or turn it is, and which tasks a join reads."""
    inputs: dict[str, str]
    """By the name of the artifact or parameter, over all tasks that it comes from; those beyond CACHE_INPUTS_MAX
    together, as `…`."""


@final
class CacheEntry(TypedDict):
    """`_nuvopipe/cache/<Flow>/<step>/<key>`: artifacts to reuse. It contains the task's record, so that the run it
    came from may be deleted."""

    version: NotRequired[Literal[1]]
    """Absent: 1."""
    used: int
    """Last use, to the day; epoch milliseconds."""
    record: TaskRecord


@final
class LiveRecord(TypedDict):
    """`_nuvopipe/live/<Flow>/<run>`: the lease of a run outside of all pools, and where a stalled run is re-entered.
    Written before `run.json`, deleted after `result.json`."""

    version: NotRequired[Literal[1]]
    """Absent: 1."""
    by: str
    """Activation id of the component that holds the lease."""
    expires: int
    """Epoch milliseconds."""
    envelope: LivePlace
    sweeps: NotRequired[int]
    """Number of times the sweeper has re-entered the run here since a step last started."""


LivePlace = TypedDict(
    "LivePlace",
    {
        "step": "str",
        "at": "NotRequired[list[int]]",
        "from": "NotRequired[TaskPlace]",
    },
)


@final
class ClaimRecord(TypedDict):
    """`pools/<opener>/<task>/claims/<i>`: a lane works on an item; `…/join`: a session executes the join; `guard`: a
    session watches over the run."""

    version: NotRequired[Literal[1]]
    """Absent: 1."""
    by: str
    """Activation id of the component that made the claim."""
    expires: int
    """Epoch milliseconds."""


@final
class PoolRecord(TypedDict):
    """`pools/<opener>/<task>/open`: a pool; `<task>` is the opener's."""

    version: NotRequired[Literal[1]]
    """Absent: 1."""
    items: int
    """How many items it has."""


@final
class ChildRecord(TypedDict):
    """`children/<step>/<task>/<n>`: the run that attempt n of a step has started and waits for."""

    version: NotRequired[Literal[1]]
    """Absent: 1."""
    flow: str
    run: str
    given: str
    """A digest of what the run was given, under a key derived from the datastore's."""


@final
class ParentRecord(TypedDict):
    """`parent`: a step of another run waits for this one, and is started when this run has its result."""

    version: NotRequired[Literal[1]]
    """Absent: 1."""
    action: str
    """The conductor of the version that the waiting run belongs to."""
    envelope: Envelope


@final
class WaitingRecord(TypedDict):
    """`waiting`: a session cannot start another one."""

    version: NotRequired[Literal[1]]
    """Absent: 1."""
    since: int
    """Epoch milliseconds."""
    reason: str


@final
class CancelRecord(TypedDict):
    """`cancelled`: every lane stops at its next step."""

    version: NotRequired[Literal[1]]
    """Absent: 1."""
    by: str
    """Activation id, or the command."""
    at: int
    """Epoch milliseconds."""


@final
class SlotRecord(TypedDict):
    """`_nuvopipe/slots/<Flow>/<i>`: the run that holds one of the places of a flow with `runs`."""

    version: NotRequired[Literal[1]]
    """Absent: 1."""
    run: str


@final
class StoreSettings(TypedDict):
    """Where runs keep their state. Bound to step actions as the parameter `store`; contains secrets, so it must
    never be printed."""

    bucket: str
    prefix: str
    """Without a leading or trailing slash; may be empty."""
    endpoint: NotRequired[str]
    """Absent: AWS itself."""
    region: str
    accessKeyId: str
    secretAccessKey: str
    sessionToken: NotRequired[str]


Sha256 = str
"""Hexadecimal digits."""

ParameterType = Literal["string", "integer", "number", "boolean", "json", "secret", "file"]

ExactNumber = float

Next = Union["NextStep", "NextChoose", "NextOpen", "NextDone", "NextEnd", "NextHandled"]
"""What follows a step: another step; one of several steps, which the task chooses; a pool that it opens; the end of
its item (then the pool's next item or join); the end of the flow; the end of what runs after a failure."""

PlannedCall = Union["PlannedCallAction", "PlannedCallFlow"]
"""What is invoked for the step outside its own activation: an action, by the conductor, or a flow, which the runtime
starts and waits for."""

MinSuccess = Union["MinSuccessCount", "MinSuccessPart"]
"""A failing item does not stop the others of a foreach if this many succeed: a number, or a part of all (above 0, up
to 1)."""

LaunchedSession = Union["LaunchedSessionEnvelope", "LaunchedSessionAction"]

TaskPlace = list[Any]
"""A step and the coordinate of its task."""

RunState = Literal["succeeded", "failed", "running", "cancelled"]

HandlersResult = Union["HandlersResultStatus", "RunFailure"]
"""How the steps ended that run after a failure."""

Stream = Literal["stdout", "stderr"]
