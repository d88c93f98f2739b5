import type { ExactNumber } from '../base/json.ts';

/**
 * `plan.json`: what the runtime needs to know of a compiled flow. The compiler writes it, the Python runtime
 * (`runtime/src/nuvopipe_runtime/plan.py`) walks it; it travels inside the step action's zip beside `flow.py`.
 */
export interface Plan {
  version: 1;
  /** SHA-256, hex, over all that a run executes: the rest of the plan, `flow.py`, and the user's files beside it. */
  hash: string;
  /** The flow's name, also the class in `flow.py` and the name of the conductor action. */
  flow: string;
  description?: string;
  /** Of every run. */
  tags: string[];
  /** First and last step; the last one's task holds the run's outputs. */
  start: string;
  end: string;
  parameters: Record<string, PlannedParameter>;
  /** Artifacts of the end step returned as the run's result. */
  outputs: string[];
  steps: Record<string, PlannedStep>;
  /** By the name of the step that opens the pool. */
  pools: Record<string, PlannedPool>;
  /** By the name of the scope, as steps have it in `within`: the first step of a turn, turns at most, the pause between two. */
  loops: Record<string, { first: string; max?: number; pauseMs?: number }>;
  /** First of the steps that follow a failure. */
  onFailure?: string;
  /** Time limit of a whole run. */
  timeoutMs?: number;
  runs?: Runs;
  /** The flow is deployed as a native sequence: there is no conductor, and no session is ever handed over. */
  isSequence?: true;
  /** By name: `p512-120s`. */
  profiles: Record<string, Profile>;
  /**
   * Profiles whose actions settle a step that its own action cannot: one that does not start. Tried in this order; absent
   * where the flow has no action that is more likely to start than the step's own.
   */
  standIns?: string[];
  /** The flow file as users know it (its base name) and as it lies beside `flow.py` in the zip. */
  source: { name: string; file: string };
  /** Python functions of `flow.py` whose body is text of the flow file: function name → where it comes from. */
  sourceMap: Record<string, SourceRange>;
}

export interface SourceRange {
  /** First line of the body in `flow.py`, from 1. */
  line: number;
  /** Line of the flow file that this first line came from, from 1. */
  sourceLine: number;
  /** How many lines. */
  lines: number;
  /** Line of the flow file of each line, where they do not follow one another as in `flow.py`: in folded or quoted text. */
  sourceLines?: number[];
}

export type ParameterType = 'string' | 'integer' | 'number' | 'boolean' | 'json' | 'secret' | 'file';

export interface PlannedParameter {
  type: ParameterType;
  /** Of a file: where it lies beside `flow.py`. */
  default?: unknown;
  required: boolean;
  help?: string;
  enum?: unknown[];
  min?: ExactNumber;
  max?: ExactNumber;
  /** Python's `re.fullmatch` has to find the whole value. */
  pattern?: string;
  /** A file of bytes; its content is sent in base64. */
  binary?: true;
}

/** One step action is deployed per profile: steps with the same memory, time limit, image and packages share warm containers. */
export interface Profile {
  memoryMB: number;
  /** The action's limit: the longest step of the profile plus what the runtime itself needs. */
  timeLimitMs: number;
  /** The requirements of `environment.pip`; sorted. */
  pip?: string[];
  /** In the place of OpenWhisk's Python. */
  image?: string;
}

export interface PlannedStep {
  /** The basic block of the composition that runs this step. */
  block: string;
  profile: string;
  /** The user's time limit for one attempt. */
  timeoutMs: number;
  /**
   * Scopes around the step, outermost first: pools, by their openers, of which it is an item's step, and loops. A task's `at`
   * has one index for each: the item's, or the turn's.
   */
  within: string[];
  /** The opener of the pool that this step joins. */
  joins?: string;
  next: Next;
  retry?: PlannedRetry;
  /** There is nothing of the user's in it, so it may be executed again wherever its container is lost. */
  made?: true;
  /** After the last attempt the failure becomes an artifact, and the flow goes on. */
  catches?: true;
  /** What is invoked for the step, outside of its own activation. */
  call?: PlannedCall;
  /** Its artifacts are reused where all of this is the same, and so are its inputs. */
  cache?: PlannedCache;
  /** Variables of its own environment. */
  vars?: Record<string, string>;
  /** Names of the secrets in its own environment. */
  secrets?: string[];
}

/** SHA-256, hex. */
export interface PlannedCache {
  /** What the compiler made of the step, with all that it uses, and the flow's code files. */
  code: string;
  /** Variables, image, requirements. What they come to in a container is the runtime's to add. */
  environment: string;
}

/**
 * What follows a step: another step, one of several (which one, the task says), a pool it opens, the end of its item (then the
 * pool's next item or join), the end of the flow, the end of what follows a failure.
 */
export type Next =
  | { step: string }
  | { choose: string[] }
  | { open: string }
  | { done: string }
  | { end: true }
  | { handled: true };

export interface PlannedRetry {
  /** How often a failed attempt is repeated at most. */
  times: number;
  /** Pause before the first repetition; each further one is `factor` times as long, up to `maxMs`. */
  backoffMs: number;
  factor: number;
  maxMs: number;
  /** Part of a pause that is random, 0 to 1. */
  jitter: number;
  /** What all attempts may take together, pauses included. */
  withinMs?: number;
  /** Names of exception classes, `timeout`, `crash`; all failures when it is empty. */
  on: string[];
}

/** An action, which the conductor invokes, or a flow, which the runtime starts and waits for. */
export type PlannedCall = { action: string } | { flow: string; detach: boolean; timeoutMs?: number };

export interface PlannedPool {
  kind: 'foreach' | 'branches';
  /** foreach: the artifact of the opener that holds the items. */
  over?: string;
  /** branches: the names, in the order of `first`. */
  branches?: string[];
  /** First step of an item: one for a foreach, one per branch for branches. */
  first: string[];
  /** Last step of an item, in the same order. */
  last: string[];
  join: string;
  /** How many lanes work the pool at most. */
  concurrency: number;
  /** Items that a lane works on in one activation at most. */
  batch?: number;
  /** foreach: the others go on when an item fails, if so many succeed: a number, or a part of all. */
  minSuccess?: MinSuccess;
}

/** How many runs execute at once, and what becomes of one more. */
export interface Runs {
  atOnce: number;
  beyond: 'queue' | 'skip' | 'cancel';
}

/** How many items have to succeed: so many, or this part of all (above 0, up to 1). */
export type MinSuccess = { count: number } | { part: number };
