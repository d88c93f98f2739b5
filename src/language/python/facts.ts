/** What the inspector learns about Python code by parsing it, and the format of requests to it. */
import type { CallBody, Code, Parameter, RunBody, Span } from '../model/flow.ts';

/** A place in code as Python counts: line and column from 1, and its end, which Python does not always report. */
export type CodePlace = readonly [line: number, column: number, endLine?: number | null, endColumn?: number | null];

export interface Problem {
  message: string;
  at: CodePlace;
}

/** An attribute of `self` that code sets. */
export interface SetFact {
  name: string;
  at: CodePlace;
  /** The value in Python syntax, if it is a literal. */
  literal: string | null;
}

/** An attribute of `self` that code reads before it can have set it. */
export interface ReadFact {
  name: string;
  at: CodePlace;
  /** On every path through the code. */
  sure: boolean;
}

/** An access to the inputs of a join: `inputs.step.name`, `inputs[0].name`, or `name` of each input in turn. */
export interface InputFact {
  /** Absent for `inputs.step` itself. */
  name: string | null;
  at: CodePlace;
  step: string | null;
  each: boolean;
}

/** A call of `merge_artifacts`. */
export interface MergeFact {
  at: CodePlace;
  include: string[] | null;
  exclude: string[] | null;
}

/** What code does, as far as that is known without running it. */
export interface CodeFacts {
  problem?: Problem;
  sets: SetFact[];
  reads: ReadFact[];
  /** All attributes of `self` that the code reads. */
  mentions: string[];
  /** Attributes whose value might be modified in place. */
  touched: string[];
  /** Names that nothing defines. */
  names: { name: string; at: CodePlace; library?: boolean }[];
  inputs: InputFact[];
  merges: MergeFact[];
  /** It might set anything. */
  any: boolean;
  next: CodePlace | null;
  /** A yield or await. */
  stops: CodePlace | null;
  /** It calls something that might return a different result next time. */
  calls: boolean;
  /** For expressions: the result is always true or false. */
  boolean: boolean;
  /** For literals. */
  constant?: { truth: boolean; type: string; size: number | null };
  /** Position of a place in the flow file. */
  spanOf(place: CodePlace): Span;
}

export interface FunctionFacts {
  /** Arguments with and without a default. */
  required: string[];
  optional: string[];
  /** Keys of the mappings it returns, each with its value if that is a literal; absent if they are unknown. */
  returns: Record<string, string | null> | null;
  /** It returns no value on any path. */
  nothing: boolean;
}

export interface ModuleFacts {
  problem?: Problem;
  /** Names it defines or imports at top level. */
  names: string[];
  /** It might define anything. */
  any: boolean;
  functions: Record<string, FunctionFacts>;
}

/** What Python reports about a parameter's pattern. */
export interface PatternFacts {
  /** Why it is not a regular expression. */
  problem?: string;
  /** Default and choices of the parameter that the pattern does not match. */
  unmatched: string[];
}

/** What Python reports about a flow's code. */
export interface PythonFacts {
  bodies: ReadonlyMap<RunBody, CodeFacts>;
  expressions: ReadonlyMap<Code, CodeFacts>;
  /** Keyed by path. */
  modules: ReadonlyMap<string, ModuleFacts>;
  /** For the parameters that have one. */
  patterns: ReadonlyMap<Parameter, PatternFacts>;
  /** Modules of Python's standard library whose name the flow's code reuses. */
  standard: ReadonlySet<string>;
  /** For the called function; undefined if too little is known about it. */
  functionOf(call: CallBody): FunctionFacts | undefined;
}

/** A request to the inspector. */
export interface InspectionRequest {
  /** Functions with one body each. */
  bodies: string[];
  expressions: string[];
  /** Source texts, and the functions called in them. */
  modules: [text: string, functions: string[]][];
  /** Regular expressions, each with texts to match. */
  patterns: [pattern: string, texts: string[]][];
  /** Names of modules. */
  names: string[];
}

/** The inspector's answer, in the same order. */
export interface Inspection {
  bodies: Partial<CodeFacts>[];
  expressions: Partial<CodeFacts>[];
  modules: ModuleFacts[];
  patterns: PatternFacts[];
  /** The names that are modules of Python's standard library. */
  standard: string[];
}
