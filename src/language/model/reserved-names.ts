/** Names that mean something already where the compiler puts a user's names. */

/** Attributes of Metaflow's `FlowSpec` (2.19.39): a step or an artifact of that name would hide them. */
export const FLOWSPEC_ATTRIBUTES: ReadonlySet<string> = new Set([
  ...['cmd', 'foreach_stack', 'index', 'input', 'merge_artifacts', 'name', 'next', 'script_name'],
]);

/** Those of them that hold the item of a foreach, and its place in the list. */
export const ITEM_ATTRIBUTES: ReadonlySet<string> = new Set(['input', 'index']);

/** Names that the class of a compiled `flow.py` reads in its own scope, where steps and parameters live too. */
export const FLOW_MODULE_NAMES: ReadonlySet<string> = new Set(['bool', 'float', 'int', 'metaflow', 'str']);

/** What Python 3 does not take for a name. */
export const PYTHON_KEYWORDS: ReadonlySet<string> = new Set([
  ...[
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
  ],
  ...[
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
  ],
  ...['pass', 'raise', 'return', 'try', 'while', 'with', 'yield'],
]);

/** Options of Metaflow's command line (2.19.39, `parameters.py`); parameters are options too. */
export const METAFLOW_OPTIONS: ReadonlySet<string> = new Set([
  ...['params', 'with', 'tag', 'namespace', 'obj', 'tags', 'decospecs', 'run_id_file', 'max_num_splits', 'max_workers'],
  ...['max_log_size', 'user_namespace', 'run_id', 'task_id', 'runner_attribute_file'],
]);

/** Keys of an invocation that are nuvopipe's; all others are the flow's parameters. */
export const INVOCATION_KEYS: ReadonlySet<string> = new Set(['run', 'resume', 'cancel', 'wait', 'nuvopipe']);

/** Folders that stand in the datastore where flows have theirs: the index of live runs, artifacts to reuse. */
export const DATASTORE_NAMES: ReadonlySet<string> = new Set(['live', 'cache']);

/** Whether Python takes it for a name, and Metaflow for that of an artifact. */
export function isArtifactName(name: string): boolean {
  return /^\p{ID_Start}[\p{ID_Continue}]*$/u.test(name) && !PYTHON_KEYWORDS.has(name) && !FLOWSPEC_ATTRIBUTES.has(name);
}
