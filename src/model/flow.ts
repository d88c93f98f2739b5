import type { ParameterType } from './plan.ts';

/** From one offset of the flow file to another, the second exclusive. */
export type Span = readonly [start: number, end: number];

/** A value and where it was written. */
export interface Located<T> {
  value: T;
  span: Span;
}

/** A flow as it was written, typed; everything in it knows its place. What is left out has got its default. */
export interface Flow {
  name: Located<string>;
  description?: string;
  parameters: Parameter[];
  /** Files and globs, relative to the flow's folder. */
  code: Located<string>[];
  outputs: Located<string>[];
  /** Requirements as pip takes them, pinned. */
  pip: Located<string>[];
  /** For synthesised steps; those of the file have theirs. */
  resources: Resources;
  steps: Element[];
  /** Of the list. */
  stepsSpan: Span;
}

export interface Parameter {
  name: Located<string>;
  type: ParameterType;
  default?: Located<unknown>;
  required: boolean;
  help?: string;
}

export interface Resources {
  memoryMB: number;
  timeoutMs: number;
  /** Where they were written, if they were. */
  memorySpan?: Span;
  timeoutSpan?: Span;
}

/** DESIGN's default of a step; OpenWhisk's own for an action. */
export const MEMORY_DEFAULT_MB = 256;
/** OpenWhisk's default time limit of an action. */
export const TIMEOUT_DEFAULT_MS = 60_000;
/** Lanes of a foreach that says nothing: a third of the 30 activations that OpenWhisk allows a namespace at once. */
export const FOREACH_CONCURRENCY_DEFAULT = 10;

/** An element of a `steps` list. */
export type Element = Step | Foreach | Branches;

export interface Step {
  kind: 'step';
  name: Located<string>;
  body: Body;
  resources: Resources;
}

/** What a step does. */
export type Body = RunBody | CallBody;

/** Inline Python. */
export interface RunBody {
  kind: 'run';
  text: string;
  span: Span;
  /** Offset in the flow file of the character of `text` at an index. */
  offsetAt(index: number): number;
}

/** A function of a module; arguments by name from artifacts and parameters, its mapping's items become artifacts. */
export interface CallBody {
  kind: 'call';
  module: string;
  function: string;
  span: Span;
}

/** One item's steps for each element of an artifact. */
export interface Foreach {
  kind: 'foreach';
  /** The artifact. */
  over: Located<string>;
  /** The artifact that holds the item in its steps. */
  as?: Located<string>;
  concurrency: number;
  steps: Element[];
  join?: Step;
  span: Span;
}

/** Several lists of steps side by side. */
export interface Branches {
  kind: 'branches';
  branches: Branch[];
  concurrency: number;
  join?: Step;
  span: Span;
}

export interface Branch {
  name: Located<string>;
  steps: Element[];
}

/** All elements of a flow, in the order in which they are written. */
export function* walk(elements: readonly Element[]): Generator<Element> {
  for (const element of elements) {
    yield element;
    if (element.kind === 'foreach') yield* walk(element.steps);
    if (element.kind === 'branches') for (const branch of element.branches) yield* walk(branch.steps);
    if (element.kind !== 'step' && element.join) yield element.join;
  }
}

/** All steps of a flow, joins included, in the order in which they are written. */
export function* walkSteps(elements: readonly Element[]): Generator<Step> {
  for (const element of walk(elements)) if (element.kind === 'step') yield element;
}
