import type { ExactNumber } from '../../base/json.ts';
import { ACTION_MEMORY_DEFAULT_MB, ACTION_TIME_DEFAULT_MS } from '../../contract/openwhisk.generated.ts';
import type { MinSuccess, ParameterType, PlannedRuns } from '../../contract/plan.ts';

/** Two offsets in the flow file; the second is exclusive. */
export type Span = readonly [start: number, end: number];

/** A value and its position. */
export interface Located<T> {
  value: T;
  span: Span;
}

/** Python code in the flow file. */
export interface Code {
  text: string;
  span: Span;
  /** Offset in the flow file of the character of `text` at this index. */
  offsetAt(index: number): number;
}

/** The typed flow, as written: everything in it knows its position, and defaults are filled in. */
export interface Flow {
  name: Located<string>;
  description?: string;
  tags: Located<string>[];
  parameters: Parameter[];
  /** Files and globs, relative to the flow's folder. */
  code: Located<string>[];
  outputs: Located<string>[];
  /** For synthetic steps; those in the file have their own. */
  settings: StepSettings;
  schedules: Schedule[];
  triggers: TriggerSource[];
  target: FlowTarget;
  targetSpan?: Span;
  /** Of the whole run. */
  timeoutMs?: Located<number>;
  runs?: Located<PlannedRuns>;
  steps: Element[];
  /** Of the list. */
  stepsSpan: Span;
  onFailure: Element[];
}

export type FlowTarget = 'composition' | 'sequence' | 'auto';

export interface Parameter {
  name: Located<string>;
  type: ParameterType;
  /** `notJson`: the first value in it that JSON cannot represent, as written. */
  default?: Located<unknown> & { notJson?: Located<string> };
  required: boolean;
  help?: string;
  enum?: Located<Located<unknown>[]>;
  min?: Located<ExactNumber>;
  max?: Located<ExactNumber>;
  /** Regular expression that must match the whole text. */
  pattern?: Located<string>;
  /** For files: pass bytes instead of text. Position of the key. */
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

/** Settings of a step besides its body; the step's own override the flow's. */
export interface StepSettings {
  resources: Resources;
  environment: Environment;
  /** Names of the step's secrets. */
  secrets: Located<string>[];
}

export interface Resources {
  memoryMB: number;
  timeoutMs: number;
  /** Their positions, if they were written. */
  memorySpan?: Span;
  timeoutSpan?: Span;
}

export interface Environment {
  vars: Map<string, Located<string>>;
  /** Requirements as pip takes them, pinned. */
  pip: Located<string>[];
  image?: Located<string>;
}

/** How failed attempts are repeated. */
export interface Retry {
  times: number;
  backoffMs: number;
  factor: number;
  maxMs: number;
  /** Random part of a pause, 0 to 1. */
  jitter: number;
  /** Time limit for all attempts together. */
  withinMs?: Located<number>;
  /** Names of exception classes, `timeout`, `crash`; empty: all failures. */
  on: Located<string>[];
  span: Span;
}

/** The default of a step; OpenWhisk's own default for an action. */
export const MEMORY_DEFAULT_MB = ACTION_MEMORY_DEFAULT_MB;
/** OpenWhisk's default time limit of an action. */
export const TIMEOUT_DEFAULT_MS = ACTION_TIME_DEFAULT_MS;
/** Default number of lanes of a foreach: a third of the 30 concurrent activations that OpenWhisk allows a namespace. */
export const FOREACH_CONCURRENCY_DEFAULT = 10;
/**
 * Maximum pause between two turns of a loop: a session pauses in about 40 parts of four minutes, which leaves room
 * for its steps.
 */
export const LOOP_PAUSE_MAX_MS = 3_600_000;
/** Metaflow's own default of `@retry`. */
export const RETRY_TIMES_DEFAULT = 3;
/** As in the schema: each attempt leaves a record. */
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
  /** Position of the key that enables reuse of an earlier task's artifacts. */
  cache?: Span;
}

/** The join of a foreach or branches: a step, or only names of artifacts to collect. */
export interface Join extends StepSettings {
  kind: 'join';
  name?: Located<string>;
  body?: RunBody | CallBody;
  /** Artifacts that the join collects into lists. */
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

/**
 * A function of a module; arguments are artifacts and parameters, and the items of the returned mapping become
 * artifacts.
 */
export interface CallBody {
  kind: 'call';
  module: string;
  function: string;
  span: Span;
}

/** An OpenWhisk action, invoked by the conductor. */
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
  /** Whether the step does not wait for the flow. */
  detach: boolean;
  span: Span;
}

export interface Arguments {
  value: Record<string, unknown>;
  /** Names used in it as `${name}`. */
  references: Located<string>[];
}

/** A value computed at run time: an artifact, a parameter or an expression. */
export type Value = { kind: 'artifact'; name: Located<string> } | { kind: 'expression'; code: Code };

/** Steps that run once per element of a list. */
export interface Foreach {
  kind: 'foreach';
  over: Value | { kind: 'list'; values: unknown[]; span: Span };
  /** The artifact that holds the item in its steps. */
  as?: Located<string>;
  concurrency: Located<number>;
  /** Maximum number of items per activation. */
  batch: number;
  onEmpty: 'fail' | 'skip';
  onError: 'fail' | 'collect';
  minSuccess?: Located<MinSuccess>;
  steps: Element[];
  join?: Join;
  span: Span;
}

/** Several lists of steps that run in parallel. */
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

/** Several lists of steps, one of which is chosen by a value. */
export interface Switch {
  kind: 'switch';
  on: Value;
  cases: Case[];
  /** Absent: a value without a case fails. */
  default?: Element[];
  span: Span;
}

export interface Case {
  /** A YAML scalar: text, a number, true, false or null. */
  value: Located<string | ExactNumber | boolean | null>;
  steps: Element[];
}

/** A list of steps that is repeated. */
export interface Loop {
  kind: 'while' | 'until';
  /**
   * `while` repeats as long as the condition holds, tested before each turn; `until` repeats until it holds, tested
   * after each turn.
   */
  condition: Code;
  /** Maximum number of turns; then the flow continues. */
  max?: Located<number>;
  /** Pause between two turns. */
  pauseMs?: Located<number>;
  steps: Element[];
  span: Span;
}

/** The lists of steps that an element contains, in file order. */
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

/** The join of an element, if it has one. */
export function joinOf(element: Element): Join | undefined {
  return element.kind === 'foreach' || element.kind === 'branches' ? element.join : undefined;
}

/** All elements of a flow in file order; joins are not elements. */
export function* walk(elements: readonly Element[]): Generator<Element> {
  for (const element of elements) {
    yield element;
    for (const body of bodiesOf(element)) yield* walk(body);
  }
}

/** All steps and joins, in file order. */
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
