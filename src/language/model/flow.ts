import type { ExactNumber } from '../../base/json.ts';
import { ACTION_MEMORY_DEFAULT_MB, ACTION_TIME_DEFAULT_MS } from '../../contract/openwhisk.generated.ts';
import type { MinSuccess, ParameterType, Runs } from '../../contract/plan.ts';

/** From one offset of the flow file to another, the second exclusive. */
export type Span = readonly [start: number, end: number];

/** A value and where it was written. */
export interface Located<T> {
  value: T;
  span: Span;
}

/** Python as it stands in the flow file. */
export interface Code {
  text: string;
  span: Span;
  /** Offset in the flow file of the character of `text` at an index. */
  offsetAt(index: number): number;
}

/** A flow as it was written, typed; everything in it knows its place. What is left out has got its default. */
export interface Flow {
  name: Located<string>;
  description?: string;
  tags: Located<string>[];
  parameters: Parameter[];
  /** Files and globs, relative to the flow's folder. */
  code: Located<string>[];
  outputs: Located<string>[];
  /** For synthesised steps; those of the file have theirs. */
  settings: StepSettings;
  schedules: Schedule[];
  triggers: TriggerSource[];
  target: Target;
  targetSpan?: Span;
  /** Of a whole run. */
  timeoutMs?: Located<number>;
  runs?: Located<Runs>;
  steps: Element[];
  /** Of the list. */
  stepsSpan: Span;
  onFailure: Element[];
}

export type Target = 'composition' | 'sequence' | 'auto';

export interface Parameter {
  name: Located<string>;
  type: ParameterType;
  /** `notJson`: the first value in it that JSON does not have, as it is written. */
  default?: Located<unknown> & { notJson?: Located<string> };
  required: boolean;
  help?: string;
  enum?: Located<Located<unknown>[]>;
  min?: Located<ExactNumber>;
  max?: Located<ExactNumber>;
  /** Regular expression that the whole text has to match. */
  pattern?: Located<string>;
  /** Of a file: its bytes, not its text. Where it is said. */
  binary?: Span;
}

/** A time at which OpenWhisk's alarms start the flow. */
export interface Schedule {
  cron: Located<string>;
  timezone?: Located<string>;
  parameters: Located<Record<string, unknown>>;
  span: Span;
}

/** A trigger that starts the flow. */
export interface TriggerSource {
  name: Located<string>;
  feed?: Located<string>;
  with: Located<Record<string, unknown>>;
}

/** What is said of a step beside its body; a step's own is laid over the flow's. */
export interface StepSettings {
  resources: Resources;
  environment: Environment;
  /** Names of secrets in the step's environment. */
  secrets: Located<string>[];
}

export interface Resources {
  memoryMB: number;
  timeoutMs: number;
  /** Where they were written, if they were. */
  memorySpan?: Span;
  timeoutSpan?: Span;
}

export interface Environment {
  vars: Map<string, Located<string>>;
  /** Requirements as pip takes them, pinned. */
  pip: Located<string>[];
  image?: Located<string>;
}

/** How a failed attempt is repeated. */
export interface Retry {
  times: number;
  backoffMs: number;
  factor: number;
  maxMs: number;
  /** Part of a pause that is random, 0 to 1. */
  jitter: number;
  /** What all attempts may take together. */
  withinMs?: Located<number>;
  /** Names of exception classes, `timeout`, `crash`; all failures when it is empty. */
  on: Located<string>[];
  span: Span;
}

/** DESIGN's default of a step; OpenWhisk's own for an action. */
export const MEMORY_DEFAULT_MB = ACTION_MEMORY_DEFAULT_MB;
/** OpenWhisk's default time limit of an action. */
export const TIMEOUT_DEFAULT_MS = ACTION_TIME_DEFAULT_MS;
/** Lanes of a foreach that says nothing: a third of the 30 activations that OpenWhisk allows a namespace at once. */
export const FOREACH_CONCURRENCY_DEFAULT = 10;
/** Pause between two turns of a loop at most: a session pauses in some 40 parts of four minutes, with room for its steps. */
export const LOOP_PAUSE_MAX_MS = 3_600_000;
/** Metaflow's own default of `@retry`. */
export const RETRY_TIMES_DEFAULT = 3;
/** As the schema has it: each attempt leaves a record. */
export const RETRY_TIMES_MAX = 100;
export const RETRY_BACKOFF_DEFAULT_MS = 1_000;
export const RETRY_FACTOR_DEFAULT = 2;
export const RETRY_PAUSE_DEFAULT_MAX_MS = 300_000;
export const RETRY_JITTER_DEFAULT = 0.1;

/** An element of a `steps` list. */
export type Element = Step | Foreach | Branches | Switch | Loop;

export interface Step extends StepSettings {
  kind: 'step';
  name: Located<string>;
  body: Body;
  retry?: Retry;
  /** The artifact that gets the failure. */
  catch?: Located<string>;
  /** Where it says that an earlier task's artifacts are reused. */
  cache?: Span;
}

/** What joins a foreach or branches: a step, or only names of what is to be collected. */
export interface Join extends StepSettings {
  kind: 'join';
  name?: Located<string>;
  body?: RunBody | CallBody;
  /** Artifacts of which the join gets lists. */
  collect: Located<string>[];
  retry?: Retry;
  catch?: Located<string>;
  cache?: Span;
  span: Span;
}

/** What a step does. */
export type Body = RunBody | CallBody | ActionBody | FlowBody;

/** Inline Python. */
export interface RunBody extends Code {
  kind: 'run';
}

/** A function of a module; arguments by name from artifacts and parameters, its mapping's items become artifacts. */
export interface CallBody {
  kind: 'call';
  module: string;
  function: string;
  span: Span;
}

/** An action of OpenWhisk, invoked by the conductor. */
export interface ActionBody {
  kind: 'action';
  /** `/namespace/package/name`, `/namespace/name`. */
  action: Located<string>;
  with: Arguments;
  result?: Located<string>;
  span: Span;
}

/** Another deployed flow. */
export interface FlowBody {
  kind: 'flow';
  flow: Located<string>;
  with: Arguments;
  result?: Located<string>;
  /** Not waited for. */
  detach: boolean;
  span: Span;
}

export interface Arguments {
  value: Record<string, unknown>;
  /** The names in it, as `${name}`. */
  references: Located<string>[];
}

/** A value that the flow file takes from a run: an artifact's or parameter's, or an expression's. */
export type Value = { kind: 'artifact'; name: Located<string> } | { kind: 'expression'; code: Code };

/** One item's steps for each element of a list. */
export interface Foreach {
  kind: 'foreach';
  over: Value | { kind: 'list'; values: unknown[]; span: Span };
  /** The artifact that holds the item in its steps. */
  as?: Located<string>;
  concurrency: Located<number>;
  /** Items a lane works on in one activation at most. */
  batch: number;
  onEmpty: 'fail' | 'skip';
  onError: 'fail' | 'collect';
  minSuccess?: Located<MinSuccess>;
  steps: Element[];
  join?: Join;
  span: Span;
}

/** Several lists of steps side by side. */
export interface Branches {
  kind: 'branches';
  branches: Branch[];
  concurrency: Located<number>;
  join?: Join;
  span: Span;
}

export interface Branch {
  name: Located<string>;
  steps: Element[];
}

/** One of several lists of steps, picked by a value. */
export interface Switch {
  kind: 'switch';
  on: Value;
  cases: Case[];
  /** Absent: a value without a case fails. */
  default?: Element[];
  span: Span;
}

export interface Case {
  /** As YAML has it: text, a number, true or false, null. */
  value: Located<string | ExactNumber | boolean | null>;
  steps: Element[];
}

/** A list of steps that is repeated. */
export interface Loop {
  kind: 'while' | 'until';
  /** `while` goes on as long as it holds, tested before each turn; `until` ends when it holds, tested after each turn. */
  condition: Code;
  /** Turns at most; then the flow goes on. */
  max?: Located<number>;
  /** Between two turns. */
  pauseMs?: Located<number>;
  steps: Element[];
  span: Span;
}

/** The lists of steps that an element holds, in the order in which they are written. */
export function bodiesOf(element: Element): Element[][] {
  switch (element.kind) {
    case 'step':
      return [];
    case 'branches':
      return element.branches.map((branch) => branch.steps);
    case 'switch':
      return [...element.cases.map((one) => one.steps), ...(element.default ? [element.default] : [])];
    default:
      return [element.steps];
  }
}

/** The join that an element has, if it has one. */
export function joinOf(element: Element): Join | undefined {
  return element.kind === 'foreach' || element.kind === 'branches' ? element.join : undefined;
}

/** All elements of a flow, in the order in which they are written; joins are no elements. */
export function* walk(elements: readonly Element[]): Generator<Element> {
  for (const element of elements) {
    yield element;
    for (const body of bodiesOf(element)) yield* walk(body);
  }
}

/** All steps and joins, in the order in which they are written. */
export function* walkSteps(elements: readonly Element[]): Generator<Step | Join> {
  for (const element of elements) {
    if (element.kind === 'step') yield element;
    for (const body of bodiesOf(element)) yield* walkSteps(body);
    const join = joinOf(element);
    if (join) yield join;
  }
}

/** All steps and joins of a flow, those of `onFailure` last. */
export function* allSteps(flow: Flow): Generator<Step | Join> {
  yield* walkSteps(flow.steps);
  yield* walkSteps(flow.onFailure);
}

/** All elements of a flow, those of `onFailure` last. */
export function* allElements(flow: Flow): Generator<Element> {
  yield* walk(flow.steps);
  yield* walk(flow.onFailure);
}
