/** What the inspector learns about Python code by parsing it, and the form in which it is asked. */
import type { CallBody, Code, Parameter, RunBody, Span } from '../model/flow.ts';

/** A place in code, as Python counts: line and column from 1, and where it ends, which Python does not always say. */
export type CodePlace = readonly [line: number, column: number, endLine?: number | null, endColumn?: number | null];

export interface Problem {
  message: string;
  at: CodePlace;
}

/** An attribute of `self` that code sets. */
export interface SetFact {
  name: string;
  at: CodePlace;
  /** The value as Python writes it, where it is a literal. */
  literal: string | null;
}

/** An attribute of `self` that code reads, and that nothing before in the same code can have set. */
export interface ReadFact {
  name: string;
  at: CodePlace;
  /** On every path through the code. */
  sure: boolean;
}

/** What a join takes from its inputs: `inputs.step.name`, `inputs[0].name`, or `name` of each of them in turn. */
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

/** What code does, as far as it can be told without running it. */
export interface CodeFacts {
  problem?: Problem;
  sets: SetFact[];
  reads: ReadFact[];
  /** All attributes of `self` that are read. */
  mentions: string[];
  /** Attributes whose value may be changed in place. */
  touched: string[];
  /** Names that nothing defines. */
  names: { name: string; at: CodePlace; library?: boolean }[];
  inputs: InputFact[];
  merges: MergeFact[];
  /** It may set anything. */
  any: boolean;
  next: CodePlace | null;
  /** A yield or await. */
  stops: CodePlace | null;
  /** It calls something that may answer otherwise the next time. */
  calls: boolean;
  /** Of an expression: it is true or false and nothing else. */
  boolean: boolean;
  /** Of an expression that is a literal. */
  constant?: { truth: boolean; type: string; size: number | null };
  /** Where in the flow file a place is. */
  spanOf(place: CodePlace): Span;
}

export interface FunctionFacts {
  /** Arguments without a default, and those with one. */
  required: string[];
  optional: string[];
  /** Keys of the mappings it returns, each with its value where that is a literal; absent where they cannot be told. */
  returns: Record<string, string | null> | null;
  /** It ends without a value on every path. */
  nothing: boolean;
}

export interface ModuleFacts {
  problem?: Problem;
  /** What it defines or imports at its top. */
  names: string[];
  /** It may define anything. */
  any: boolean;
  functions: Record<string, FunctionFacts>;
}

/** What the pattern of a parameter is. */
export interface PatternFacts {
  /** Why it is no regular expression. */
  problem?: string;
  /** Those of the parameter's default and choices that it does not match. */
  unmatched: string[];
}

/** What Python says of a flow's Python. */
export interface PythonFacts {
  bodies: ReadonlyMap<RunBody, CodeFacts>;
  expressions: ReadonlyMap<Code, CodeFacts>;
  /** By path. */
  modules: ReadonlyMap<string, ModuleFacts>;
  /** Of the parameters that have one. */
  patterns: ReadonlyMap<Parameter, PatternFacts>;
  /** Modules of Python's standard library that the code has one of the same name of. */
  standard: ReadonlySet<string>;
  /** Of the function that is called; nothing where it is not known well enough. */
  functionOf(call: CallBody): FunctionFacts | undefined;
}

/** What Python is asked. */
export interface InspectionRequest {
  /** Functions with one body each. */
  bodies: string[];
  expressions: string[];
  /** Text, and the functions of it that are called. */
  modules: [text: string, functions: string[]][];
  /** Regular expressions, and texts that each has to match. */
  patterns: [pattern: string, texts: string[]][];
  /** Names of modules. */
  names: string[];
}

/** What it answers, in the same order. */
export interface Inspection {
  bodies: Partial<CodeFacts>[];
  expressions: Partial<CodeFacts>[];
  modules: ModuleFacts[];
  patterns: PatternFacts[];
  /** Those of the names that are modules of Python's standard library. */
  standard: string[];
}
