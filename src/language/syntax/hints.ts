import type { SchemaError, SchemaPlace } from './schema-errors.ts';

/** A part of the language with its own schema. */
export type ElementKind = 'flow' | 'step' | 'foreach' | 'branches' | 'switch' | 'while' | 'until' | 'joinStep';

const SCHEDULE_HINT = 'write a cron expression: "0 6 * * *"';
const TRIGGER_HINT = 'write the name of a trigger';
const LOOP_HINT = 'write a Python expression over self; for a fixed number of turns,';

/** How to write a value, by key; used if it has another type. */
const VALUE_HINTS: Record<string, string> = {
  foreach: 'write the name of an artifact, a list, or an expression such as range(3)',
  switch: 'write the name of an artifact, or a Python expression over self',
  while: `${LOOP_HINT} "True" and max`,
  until: `${LOOP_HINT} "False" and max`,
  retry: 'write a number, or { times: 3, backoff: 2s }',
  schedule: SCHEDULE_HINT,
  cron: SCHEDULE_HINT,
  timeout: 'write 90s, 2m or 500ms',
  backoff: 'write 90s, 2m or 500ms',
  memory: 'write 512, 512Mi or 1Gi',
  minSuccess: 'write a number, or a percentage such as 80%',
  branches: 'write each branch by its name: "name: [steps]"',
  cases: 'write each case by its value: "value: [steps]"',
  resources: 'write { memory: 512Mi, timeout: 2m }',
  environment: 'write { vars: { NAME: value }, pip: [name==1.2.3] }',
  vars: 'write each variable as "NAME: value"',
  with: 'write "name: value", one below the other',
};

/** Names of values in other systems. */
const OTHER_WORDS: Record<string, string> = {
  array: 'json',
  bool: 'boolean',
  collect_all: 'collect',
  continue: 'collect',
  dict: 'json',
  double: 'number',
  float: 'number',
  ignore: 'collect',
  int: 'integer',
  list: 'json',
  object: 'json',
  password: 'secret',
  path: 'file',
  str: 'string',
  text: 'string',
};

/** How to write a missing key. */
const MISSING_HINTS: Record<string, string> = {
  flow: 'add "flow: MyFlow"',
  steps: 'add "steps:" with "- step: name" below it',
  cases: 'add "cases:" with "value: [steps]" below it',
  type: 'add "type: string", or integer, number, boolean, json, secret, file',
  cron: SCHEDULE_HINT,
  trigger: 'add "trigger: name"',
};

/** Keys that contain lists of elements. */
const STEPS_KEYS: ReadonlySet<string> = new Set(['steps', 'default', 'onFailure']);

/** Keys that users know from other systems, with their equivalent here. */
const FOREIGN_KEYS: Record<string, string> = {
  action: 'move it into a step under steps',
  after: 'steps run in the order of the file',
  as: 'it belongs to a foreach',
  attempts: 'did you mean "retry"?',
  batch: 'it belongs to a foreach',
  cache: 'set it on each step',
  call: 'move it into a step under steps',
  cases: 'it belongs to a switch',
  collect: 'it belongs to the join of a foreach or of branches',
  command: 'put Python code under run',
  concurrency: 'it belongs to a foreach or to branches',
  cpu: 'raise the memory: OpenWhisk gives an action CPU in proportion to it',
  default: 'it belongs to a switch',
  depends_on: 'steps run in the order of the file',
  dependsOn: 'steps run in the order of the file',
  else: 'did you mean "default"?',
  env: 'put variables under environment: { vars: { NAME: value } }',
  function: 'did you mean "call"?',
  if: 'use a switch: "- switch: self.x > 0", with the cases true and false',
  image: 'move it under environment',
  inputs: 'did you mean "with"?',
  limit: 'did you mean "max"?',
  max: 'it belongs to a while or an until',
  memoize: 'did you mean "cache"?',
  memory: 'move it under resources',
  minSuccess: 'it belongs to a foreach',
  name: 'write the name after the first key',
  needs: 'steps run in the order of the file',
  next: 'steps run in the order of the file',
  onEmpty: 'it belongs to a foreach',
  onError: 'it belongs to a foreach; a step has retry and catch',
  outputs: 'set artifacts on self; list the outputs of a run at the top of the flow',
  parallel: 'use branches or foreach to run steps in parallel',
  pip: 'move it under environment',
  python: 'put Python code under run',
  retries: 'did you mean "retry"?',
  run: 'move it into a step under steps',
  script: 'put Python code under run',
  steps: 'each branch or case has its own steps',
  timeout: 'move it under resources',
  times: 'did you mean "max"?',
  uses: 'name an OpenWhisk action under action, as /namespace/package/name',
  vars: 'move it under environment',
  when: 'use a switch: "- switch: self.x > 0", with the cases true and false',
};

/** The same for keys of a flow. */
const FLOW_HINTS: Record<string, string> = {
  cache: 'set it on each step',
  cases: 'this looks like a test file: run it with nuvopipe test',
  cron: 'did you mean "schedule"?',
  env: 'put variables under environment: { vars: { NAME: value } }',
  image: 'move it under environment',
  inputs: 'did you mean "parameters"?',
  jobs: 'did you mean "steps"?',
  memory: 'move it under resources',
  name: 'did you mean "flow"?',
  params: 'did you mean "parameters"?',
  pip: 'move it under environment',
  requirements: 'put packages under environment: { pip: [name==1.2.3] }',
  retry: 'set it on each step',
  tasks: 'did you mean "steps"?',
  triggers: 'did you mean "on"?',
  vars: 'move it under environment',
  version: 'use tags to label versions',
};

/** Hints for schema errors where there is more to say than the schema does. */
export function hintFor(
  kind: ElementKind,
  { keyword, params, data, instancePath }: SchemaError,
  { key }: SchemaPlace,
): string | undefined {
  if (keyword === 'additionalProperties') {
    const name = params.additionalProperty as string;
    if (kind === 'joinStep' && (name === 'action' || name === 'flow'))
      return `a join can only run Python; move the ${name} into a step after it`;
    if (/[().[\]'"]/.test(name)) return 'a comma ends text inside braces: put the whole text in quotes';
    if (name === 'join') return 'only foreach and branches have a join: make it a separate step after this';
    const hints = kind === 'flow' && instancePath === '' ? FLOW_HINTS : FOREIGN_KEYS;
    return Object.hasOwn(hints, name) ? hints[name] : undefined;
  }
  if (keyword === 'enum') {
    const word = OTHER_WORDS[String(data).toLowerCase()];
    return word !== undefined && (params.allowedValues as unknown[]).includes(word)
      ? `did you mean "${word}"?`
      : undefined;
  }
  if (keyword === 'required') return MISSING_HINTS[params.missingProperty as string];
  if (keyword !== 'type' || key === undefined) return undefined;
  const [parent] = instancePath.split('/').slice(-2);
  if (parent === 'schedule' && instancePath.startsWith('/schedule')) return SCHEDULE_HINT;
  if (kind === 'flow' && (parent === 'on' || instancePath === '/on')) return TRIGGER_HINT;
  if (key === 'parameters')
    return kind === 'flow' && instancePath === '/parameters' ? 'write "name: { type: string }"' : 'write "name: value"';
  if (kind === 'flow' && instancePath === `/parameters/${key}`) return 'write { type: string, default: … }';
  if (STEPS_KEYS.has(key) || parent === 'cases' || parent === 'branches') return stepsHint(data, parent === 'cases');
  return Object.hasOwn(VALUE_HINTS, key) ? VALUE_HINTS[key] : undefined;
}

function stepsHint(data: unknown, mayBeEmpty: boolean): string {
  if (typeof data === 'object' && data !== null) return 'start each step with "- ", as "- step: name"';
  return mayBeEmpty
    ? 'add a step: "- step: name"; or write [] to do nothing'
    : 'add a step: "- step: name" with run or call below it';
}
