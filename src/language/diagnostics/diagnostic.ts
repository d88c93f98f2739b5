import { UserError } from '../../base/errors.ts';
import type { SourceFile } from './source-file.ts';

export type Severity = 'error' | 'warning';

/** A place in a file; lines and columns count from 1, columns in UTF-16 units as editors do; `end` is exclusive. */
export interface Range {
  start: Position;
  end: Position;
}

export interface Position {
  line: number;
  column: number;
}

/** Something to say about a place in a flow file. */
export interface Diagnostic {
  /** Stable, kebab-case. */
  code: string;
  severity: Severity;
  message: string;
  /** What to do about it, one sentence. */
  hint?: string;
  /** As the user named it. */
  file: string;
  range: Range;
}

/** A flow file with errors; no step of it has been run or deployed. */
export class FlowError extends UserError {
  readonly source: SourceFile;
  readonly diagnostics: Diagnostic[];

  constructor(source: SourceFile, diagnostics: Diagnostic[]) {
    const errors = diagnostics.filter((diagnostic) => diagnostic.severity === 'error').length;
    super('invalid-flow', `${source.name} has ${errors === 1 ? 'an error' : `${errors} errors`}`);
    this.name = 'FlowError';
    this.source = source;
    this.diagnostics = diagnostics;
  }
}
