// Made by `npm run generate`; do not edit.
/** What the compiler, the runtime and the readers of runs agree on. From `schemas/protocol.json`. */

/**
 * Version of the format of plans. As of the other formats, it changes when readers of the version before would fail or
 * go wrong.
 */
export const PLAN_VERSION = 1;

/** Version of the format of manifests, and with it of bundles. */
export const MANIFEST_VERSION = 1;

/** Version of the format of envelopes. */
export const ENVELOPE_VERSION = 1;

/** Version of the formats of the records of runs. */
export const RECORDS_VERSION = 1;

/** Argument of a conductor under which a launched session (a lane, a continuation) finds its envelope. */
export const ENVELOPE_KEY = 'nuvopipe';

/** Argument that has all parameters as the text of one JSON object, which no conductor alters. */
export const EXACT_PARAMETERS = 'parameters-json';

/** Argument that stands for all parameters of a run that a step of another flow starts: they lie in the datastore. */
export const STORED_PARAMETERS = 'parameters-stored';

/** Arguments of an invocation that belong to nuvopipe; all others are parameters of the flow. */
export const INVOCATION_KEYS: ReadonlySet<string> = new Set(['run', 'resume', 'cancel', 'wait', 'nuvopipe']);

/** Parameters bound to step actions; a native sequence cannot have flow parameters with these names. */
export const BOUND_PARAMETERS: ReadonlySet<string> = new Set(['store', 'user', 'layer', 'secrets']);

/** Characters in the name of a run, which is part of keys and pathspecs and travels in every envelope. */
export const RUN_NAME_MAX_LENGTH = 128;

/** Names of runs. */
export const RUN_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/;

/** Digits of a flow's version: few enough to read, enough to distinguish the versions of a flow. */
export const VERSION_LENGTH = 8;

/** Size of an envelope as JSON, parameters and outputs not counted, whatever the artifacts weigh. */
export const ENVELOPE_MAX_BYTES = 1024;

/** Kept of OpenWhisk's payload limit for envelopes and the conductor's own state. */
export const CONDUCTOR_RESERVE_BYTES = 16_384;

/**
 * What a client may give a run, as JSON. The conductor's first answer has it twice, as arguments and in its own state:
 * half of OpenWhisk's payload limit, less CONDUCTOR_RESERVE_BYTES.
 */
export const PARAMETERS_MAX_BYTES = 507_904;

/** What a step may give the action that it calls, as JSON: OpenWhisk's payload limit, less CONDUCTOR_RESERVE_BYTES. */
export const CALL_ARGUMENTS_MAX_BYTES = 1_032_192;

/**
 * What an action may answer the step that calls it, as JSON. The conductor's answer has it twice, with envelopes: half
 * of OpenWhisk's payload limit, less four envelopes.
 */
export const CALL_ANSWER_MAX_BYTES = 520_192;

/** Outputs that a run answers with, as JSON; larger ones are left to Metaflow's client. */
export const OUTPUTS_MAX_BYTES = 262_144;

/** Used components of a session from which it hands over to a new session as soon as the platform accepts one. */
export const CONTINUE_FROM = 44;

/** Used components of a session from which it executes no step: the rest is kept for waiting until it can hand over. */
export const LAST_STEP_AT = 46;

/** One pause in the `wait` action, within OpenWhisk's time limit of an action. Longer pauses are made of several. */
export const PAUSE_MAX_MS = 240_000;

/** Pause before the first look at the result of a step's flow. */
export const POLL_FIRST_MS = 250;

/** Longest pause between two looks at the result of a step's flow. */
export const POLL_MAX_MS = 60_000;

/** How many times as long as before the next pause between two looks is. */
export const POLL_GROWTH = 1.5;

/** Looks at the result of a step's flow that has no time limit; then the end of that run starts a session. */
export const LOOKS_MAX = 6;

/**
 * Seconds after a run's start within which the home session answers, unless the client says otherwise: before
 * OpenWhisk's blocking invocations end.
 */
export const ANSWER_WITHIN_S = 50;

/** A claim is leased for this many times the time limit of the step, plus LEASE_MARGIN_MS. */
export const LEASE_TIMEOUTS = 2;

/** Added to every lease, for what the runtime itself does. */
export const LEASE_MARGIN_MS = 5000;

/** A lease that has less than this left beyond the next step is renewed. */
export const RENEW_MARGIN_MS = 3000;

/** Attempts of a task that Metaflow's client looks for: `MAX_ATTEMPTS` of Metaflow 2.19.39. */
export const METAFLOW_ATTEMPTS_MAX = 6;

/**
 * Repetitions that Metaflow's `@retry` accepts: `MAX_ATTEMPTS` of Metaflow 2.19.39, less the first attempt and the one
 * for `@catch`.
 */
export const METAFLOW_RETRY_TIMES_MAX = 4;

/** Attempts after the user's own, in which Metaflow's `@catch` takes the failure of a crash. */
export const FALLBACK_ATTEMPTS = 1;

/** Parents in a task's record: those of a join with thousands of inputs follow from its pool. */
export const PARENTS_MAX = 16;

/** Classes of an exception in a task's record. */
export const EXCEPTION_KINDS_MAX = 16;

/** Digits of each part of a cache key in a task's record. */
export const CACHE_PART_LENGTH = 12;

/** Inputs in the cache facts of a task's record; the others are one more entry, `…`. */
export const CACHE_INPUTS_MAX = 64;

/** Text of a failed component that continues with the envelope. */
export const DIED_MAX_BYTES = 300;

/** Text of the error of an action that a step calls. */
export const CALL_ERROR_MAX_BYTES = 300;

/** Characters in the name of the error of an action that a step calls; longer names are dropped. */
export const CALL_ERROR_NAME_MAX_LENGTH = 80;

/** Variables of the container's own environment that a step sees: none of OpenWhisk's. */
export const PASSED_ON_VARIABLES = [
  'PATH',
  'LANG',
  'LC_ALL',
  'HOME',
  'TMPDIR',
  'PYTHONPATH',
  'LD_LIBRARY_PATH',
  'VIRTUAL_ENV',
] as const;

/** Kind of the failure of a step that reached its time limit, for `retry.on`. */
export const TIMEOUT = 'timeout';

/** Kind of the failure of a step whose process or container ended, for `retry.on`. */
export const CRASH = 'crash';

/** Kind of every failure of an action or a flow as a step, for `retry.on`. */
export const ACTION_ERROR = 'ActionError';

/** Code of the answer to a start of a run that was started before, with other parameters. */
export const RUN_EXISTS = 'run-exists';

/** Code of the answer to a resumption from a step that the flow does not have. */
export const UNKNOWN_STEP = 'unknown-step';

/** Code of the answer to a resumption of a run whose secret parameters cannot be read. */
export const UNREADABLE_SECRETS = 'unreadable-secrets';

/** Step of Metaflow's pseudo task that holds the run's parameters. */
export const PARAMETERS_STEP = '_parameters';

/** Id of Metaflow's pseudo task that holds the run's parameters. */
export const PARAMETERS_TASK = '0';

/** Streams of a task's log. */
export const STREAMS = ['stdout', 'stderr'] as const;

/** Characters of a value in the message that refuses it. */
export const VALUE_SHOWN_MAX_LENGTH = 80;

/** Attributes of Metaflow's `FlowSpec` (2.19.39) that a step or an artifact of that name would hide. */
export const FLOWSPEC_ATTRIBUTES: ReadonlySet<string> = new Set([
  'cmd',
  'foreach_stack',
  'index',
  'input',
  'merge_artifacts',
  'name',
  'next',
  'script_name',
]);

/** Attributes of Metaflow's `FlowSpec` with the item of a foreach and its position. */
export const ITEM_ATTRIBUTES: ReadonlySet<string> = new Set(['input', 'index']);

/** Names that the class of a compiled `flow.py` reads in its own scope, where steps and parameters live too. */
export const FLOW_MODULE_NAMES: ReadonlySet<string> = new Set(['bool', 'float', 'int', 'metaflow', 'str']);

/** Keywords of Python 3: `keyword.kwlist`. */
export const PYTHON_KEYWORDS: ReadonlySet<string> = new Set([
  'False',
  'None',
  'True',
  'and',
  'as',
  'assert',
  'async',
  'await',
  'break',
  'class',
  'continue',
  'def',
  'del',
  'elif',
  'else',
  'except',
  'finally',
  'for',
  'from',
  'global',
  'if',
  'import',
  'in',
  'is',
  'lambda',
  'nonlocal',
  'not',
  'or',
  'pass',
  'raise',
  'return',
  'try',
  'while',
  'with',
  'yield',
]);

/** Options of Metaflow's command line (2.19.39, `parameters.py`); parameters of flows are options too. */
export const METAFLOW_OPTIONS: ReadonlySet<string> = new Set([
  'params',
  'with',
  'tag',
  'namespace',
  'obj',
  'tags',
  'decospecs',
  'run_id_file',
  'max_num_splits',
  'max_workers',
  'max_log_size',
  'user_namespace',
  'run_id',
  'task_id',
  'runner_attribute_file',
]);
