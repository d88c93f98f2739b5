import type { ExactNumber } from '../base/json.ts';

/**
 * `plan.json`: what the runtime needs to know about a compiled flow. The compiler writes it and the Python runtime
 * (`runtime/src/nuvopipe_runtime/plan.py`) follows it; it is in the step action's zip beside `flow.py`.
 */
export interface Plan {
  version: 1;
  /** SHA-256, hex, of everything a run executes: the rest of the plan, `flow.py` and the user's files. */
  hash: string;
  /** The flow's name, which is also the class in `flow.py` and the conductor action. */
  flow: string;
  description?: string;
  /** Tags of every run. */
  tags: string[];
  /** First and last step; the task of the last step holds the run's outputs. */
  start: string;
  end: string;
  parameters: Record<string, PlannedParameter>;
  /** Artifacts of the end step returned as the run's result. */
  outputs: string[];
  steps: Record<string, PlannedStep>;
  /** Keyed by the name of the step that opens the pool. */
  pools: Record<string, PlannedPool>;
  /**
   * Keyed by the scope's name, as in the `within` of steps: first step of a turn, maximum number of turns, pause
   * between turns.
   */
  loops: Record<string, { first: string; max?: number; pauseMs?: number }>;
  /** First `onFailure` step. */
  onFailure?: string;
  /** Time limit of the whole run. */
  timeoutMs?: number;
  runs?: Runs;
  /** The flow is deployed as a native sequence: there is no conductor, and sessions never hand over. */
  isSequence?: true;
  /** Keyed by name: `p512-120s`. */
  profiles: Record<string, Profile>;
  /**
   * Profiles whose actions act as stand-ins for actions that cannot start, in this order; absent if no action is more
   * likely to start than the step's own.
   */
  standIns?: string[];
  /** The flow file by the name the user gave it (base name) and by its path beside `flow.py` in the zip. */
  source: { name: string; file: string };
  /** Python functions in `flow.py` whose body comes from the flow file: function name → source position. */
  sourceMap: Record<string, SourceRange>;
}

export interface SourceRange {
  /** First line of the body in `flow.py`, from 1. */
  line: number;
  /** Line of the flow file that this first line came from, from 1. */
  sourceLine: number;
  /** Number of lines. */
  lines: number;
  /** Line in the flow file of each line, if they are not consecutive: in folded or quoted text. */
  sourceLines?: number[];
}

export type ParameterType = 'string' | 'integer' | 'number' | 'boolean' | 'json' | 'secret' | 'file';

export interface PlannedParameter {
  type: ParameterType;
  /** For files: the path beside `flow.py`. */
  default?: unknown;
  required: boolean;
  help?: string;
  enum?: unknown[];
  min?: ExactNumber;
  max?: ExactNumber;
  /** Python's `re.fullmatch` must match the value. */
  pattern?: string;
  /** A binary file; its content is sent in base64. */
  binary?: true;
}

/**
 * One step action is deployed per profile, so steps with the same memory, time limit, image and packages share warm
 * containers.
 */
export interface Profile {
  memoryMB: number;
  /** The action's limit: that of the longest step in the profile plus the time the runtime needs. */
  timeLimitMs: number;
  /** The requirements of `environment.pip`; sorted. */
  pip?: string[];
  /** Replaces OpenWhisk's Python image. */
  image?: string;
}

export interface PlannedStep {
  /** The basic block of the composition that runs this step. */
  block: string;
  profile: string;
  /** The time limit for one attempt, as set by the user. */
  timeoutMs: number;
  /**
   * Scopes around the step, outermost first: pools, by their opener, and loops. A task's `at` has one index per
   * scope: that of the item or the turn.
   */
  within: string[];
  /** The opener of the pool that this step joins. */
  joins?: string;
  next: Next;
  retry?: PlannedRetry;
  /** Contains no user code, so it can be repeated whenever its container is lost. */
  made?: true;
  /** After the last attempt, the failure is stored in an artifact and the flow continues. */
  catches?: true;
  /** What is invoked for the step outside its own activation. */
  call?: PlannedCall;
  /** The artifacts are reused if all of this and the inputs are the same. */
  cache?: PlannedCache;
  /** Environment variables of the step. */
  vars?: Record<string, string>;
  /** Names of the step's secrets. */
  secrets?: string[];
}

/** SHA-256, hex. */
export interface PlannedCache {
  /** What the compiler made of the step and everything it uses, plus the flow's code files. */
  code: string;
  /** Variables, image and requirements. The runtime adds their effect inside the container. */
  environment: string;
}

/**
 * What follows a step: another step; one of several, chosen by the task; a pool it opens; the end of its item,
 * followed by the next item or the join; the end of the flow; or the end of the `onFailure` steps.
 */
export type Next =
  | { step: string }
  | { choose: string[] }
  | { open: string }
  | { done: string }
  | { end: true }
  | { handled: true };

export interface PlannedRetry {
  /** Maximum number of repetitions of a failed attempt. */
  times: number;
  /** Pause before the first repetition; each further pause is `factor` times as long, up to `maxMs`. */
  backoffMs: number;
  factor: number;
  maxMs: number;
  /** Random part of a pause, 0 to 1. */
  jitter: number;
  /** Time limit for all attempts together, including pauses. */
  withinMs?: number;
  /** Names of exception classes, `timeout`, `crash`; empty: all failures. */
  on: string[];
}

/** An action that the conductor invokes, or a flow that the runtime starts and waits for. */
export type PlannedCall = { action: string } | { flow: string; detach: boolean; timeoutMs?: number };

export interface PlannedPool {
  kind: 'foreach' | 'branches';
  /** For foreach: the opener's artifact that holds the items. */
  over?: string;
  /** For branches: their names, in the order of `first`. */
  branches?: string[];
  /** First step of an item: one for foreach, one per branch for branches. */
  first: string[];
  /** Last step of an item, in the same order. */
  last: string[];
  join: string;
  /** Maximum number of lanes. */
  concurrency: number;
  /** Maximum number of items that a lane processes in one activation. */
  batch?: number;
  /** For foreach: a failing item does not stop the others if at least this number, or share, succeeds. */
  minSuccess?: MinSuccess;
}

/** How many runs execute at once, and what happens to further ones. */
export interface Runs {
  atOnce: number;
  beyond: 'queue' | 'skip' | 'cancel';
}

/** Number of items that must succeed, or their share of all items (above 0, up to 1). */
export type MinSuccess = { count: number } | { part: number };
