# Made by `npm run generate`; do not edit.
"""What the compiler, the runtime and the readers of runs agree on. From `schemas/protocol.json`."""

import re
from typing import Final

PLAN_VERSION: Final = 1
"""Version of the format of plans. As of the other formats, it changes when readers of the version before would fail
or go wrong."""

MANIFEST_VERSION: Final = 1
"""Version of the format of manifests, and with it of bundles."""

ENVELOPE_VERSION: Final = 1
"""Version of the format of envelopes."""

RECORDS_VERSION: Final = 1
"""Version of the formats of the records of runs."""

ENVELOPE_KEY: Final = "nuvopipe"
"""Argument of a conductor under which a launched session (a lane, a continuation) finds its envelope."""

EXACT_PARAMETERS: Final = "parameters-json"
"""Argument that has all parameters as the text of one JSON object, which no conductor alters."""

STORED_PARAMETERS: Final = "parameters-stored"
"""Argument that stands for all parameters of a run that a step of another flow starts: they lie in the datastore."""

INVOCATION_KEYS: Final = frozenset(["run", "resume", "cancel", "wait", "nuvopipe"])
"""Arguments of an invocation that belong to nuvopipe; all others are parameters of the flow."""

BOUND_PARAMETERS: Final = frozenset(["store", "user", "layer", "secrets"])
"""Parameters bound to step actions; a native sequence cannot have flow parameters with these names."""

RUN_NAME_MAX_LENGTH: Final = 128
"""Characters in the name of a run, which is part of keys and pathspecs and travels in every envelope."""

RUN_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")
"""Names of runs."""

VERSION_LENGTH: Final = 8
"""Digits of a flow's version: few enough to read, enough to distinguish the versions of a flow."""

ENVELOPE_MAX_BYTES: Final = 1024
"""Size of an envelope as JSON, parameters and outputs not counted, whatever the artifacts weigh."""

CONDUCTOR_RESERVE_BYTES: Final = 16_384
"""Kept of OpenWhisk's payload limit for envelopes and the conductor's own state."""

PARAMETERS_MAX_BYTES: Final = 507_904
"""What a client may give a run, as JSON. The conductor's first answer has it twice, as arguments and in its own
state: half of OpenWhisk's payload limit, less CONDUCTOR_RESERVE_BYTES."""

CALL_ARGUMENTS_MAX_BYTES: Final = 1_032_192
"""What a step may give the action that it calls, as JSON: OpenWhisk's payload limit, less CONDUCTOR_RESERVE_BYTES."""

CALL_ANSWER_MAX_BYTES: Final = 520_192
"""What an action may answer the step that calls it, as JSON. The conductor's answer has it twice, with envelopes:
half of OpenWhisk's payload limit, less four envelopes."""

OUTPUTS_MAX_BYTES: Final = 262_144
"""Outputs that a run answers with, as JSON; larger ones are left to Metaflow's client."""

CONTINUE_FROM: Final = 44
"""Used components of a session from which it hands over to a new session as soon as the platform accepts one."""

LAST_STEP_AT: Final = 46
"""Used components of a session from which it executes no step: the rest is kept for waiting until it can hand over."""

PAUSE_MAX_MS: Final = 240_000
"""One pause in the `wait` action, within OpenWhisk's time limit of an action. Longer pauses are made of several."""

POLL_FIRST_MS: Final = 250
"""Pause before the first look at the result of a step's flow."""

POLL_MAX_MS: Final = 60_000
"""Longest pause between two looks at the result of a step's flow."""

POLL_GROWTH: Final = 1.5
"""How many times as long as before the next pause between two looks is."""

LOOKS_MAX: Final = 6
"""Looks at the result of a step's flow that has no time limit; then the end of that run starts a session."""

ANSWER_WITHIN_S: Final = 50
"""Seconds after a run's start within which the home session answers, unless the client says otherwise: before
OpenWhisk's blocking invocations end."""

LEASE_TIMEOUTS: Final = 2
"""A claim is leased for this many times the time limit of the step, plus LEASE_MARGIN_MS."""

LEASE_MARGIN_MS: Final = 5000
"""Added to every lease, for what the runtime itself does."""

RENEW_MARGIN_MS: Final = 3000
"""A lease that has less than this left beyond the next step is renewed."""

METAFLOW_ATTEMPTS_MAX: Final = 6
"""Attempts of a task that Metaflow's client looks for: `MAX_ATTEMPTS` of Metaflow 2.19.39."""

METAFLOW_RETRY_TIMES_MAX: Final = 4
"""Repetitions that Metaflow's `@retry` accepts: `MAX_ATTEMPTS` of Metaflow 2.19.39, less the first attempt and the
one for `@catch`."""

FALLBACK_ATTEMPTS: Final = 1
"""Attempts after the user's own, in which Metaflow's `@catch` takes the failure of a crash."""

PARENTS_MAX: Final = 16
"""Parents in a task's record: those of a join with thousands of inputs follow from its pool."""

EXCEPTION_KINDS_MAX: Final = 16
"""Classes of an exception in a task's record."""

CACHE_PART_LENGTH: Final = 12
"""Digits of each part of a cache key in a task's record."""

CACHE_INPUTS_MAX: Final = 64
"""Inputs in the cache facts of a task's record; the others are one more entry, `…`."""

DIED_MAX_BYTES: Final = 300
"""Text of a failed component that continues with the envelope."""

CALL_ERROR_MAX_BYTES: Final = 300
"""Text of the error of an action that a step calls."""

CALL_ERROR_NAME_MAX_LENGTH: Final = 80
"""Characters in the name of the error of an action that a step calls; longer names are dropped."""

PASSED_ON_VARIABLES: Final = ("PATH", "LANG", "LC_ALL", "HOME", "TMPDIR", "PYTHONPATH", "LD_LIBRARY_PATH", "VIRTUAL_ENV")
"""Variables of the container's own environment that a step sees: none of OpenWhisk's."""

TIMEOUT: Final = "timeout"
"""Kind of the failure of a step that reached its time limit, for `retry.on`."""

CRASH: Final = "crash"
"""Kind of the failure of a step whose process or container ended, for `retry.on`."""

ACTION_ERROR: Final = "ActionError"
"""Kind of every failure of an action or a flow as a step, for `retry.on`."""

RUN_EXISTS: Final = "run-exists"
"""Code of the answer to a start of a run that was started before, with other parameters."""

UNKNOWN_STEP: Final = "unknown-step"
"""Code of the answer to a resumption from a step that the flow does not have."""

UNREADABLE_SECRETS: Final = "unreadable-secrets"
"""Code of the answer to a resumption of a run whose secret parameters cannot be read."""

PARAMETERS_STEP: Final = "_parameters"
"""Step of Metaflow's pseudo task that holds the run's parameters."""

PARAMETERS_TASK: Final = "0"
"""Id of Metaflow's pseudo task that holds the run's parameters."""

STREAMS: Final = ("stdout", "stderr")
"""Streams of a task's log."""

VALUE_SHOWN_MAX_LENGTH: Final = 80
"""Characters of a value in the message that refuses it."""

FLOWSPEC_ATTRIBUTES: Final = frozenset(
    ["cmd", "foreach_stack", "index", "input", "merge_artifacts", "name", "next", "script_name"]
)
"""Attributes of Metaflow's `FlowSpec` (2.19.39) that a step or an artifact of that name would hide."""

ITEM_ATTRIBUTES: Final = frozenset(["input", "index"])
"""Attributes of Metaflow's `FlowSpec` with the item of a foreach and its position."""

FLOW_MODULE_NAMES: Final = frozenset(["bool", "float", "int", "metaflow", "str"])
"""Names that the class of a compiled `flow.py` reads in its own scope, where steps and parameters live too."""

PYTHON_KEYWORDS: Final = frozenset(
    [
        "False",
        "None",
        "True",
        "and",
        "as",
        "assert",
        "async",
        "await",
        "break",
        "class",
        "continue",
        "def",
        "del",
        "elif",
        "else",
        "except",
        "finally",
        "for",
        "from",
        "global",
        "if",
        "import",
        "in",
        "is",
        "lambda",
        "nonlocal",
        "not",
        "or",
        "pass",
        "raise",
        "return",
        "try",
        "while",
        "with",
        "yield",
    ]
)
"""Keywords of Python 3: `keyword.kwlist`."""

METAFLOW_OPTIONS: Final = frozenset(
    [
        "params",
        "with",
        "tag",
        "namespace",
        "obj",
        "tags",
        "decospecs",
        "run_id_file",
        "max_num_splits",
        "max_workers",
        "max_log_size",
        "user_namespace",
        "run_id",
        "task_id",
        "runner_attribute_file",
    ]
)
"""Options of Metaflow's command line (2.19.39, `parameters.py`); parameters of flows are options too."""
