import { UserError } from '../../base/errors.ts';
import type { Range } from './position.ts';

export type Severity = 'error' | 'warning';

/** A problem at a place in a flow file. */
export interface Diagnostic {
  /** Stable, kebab-case. */
  code: string;
  severity: Severity;
  message: string;
  /** What to do about it, in one sentence. */
  hint?: string;
  /** The name that the user typed. */
  file: string;
  range: Range;
}

/** A file that was read: as the user named it, and what is in it. */
export interface NamedText {
  readonly name: string;
  readonly text: string;
}

/** A flow file has errors; nothing has been run or deployed. */
export class FlowError extends UserError {
  readonly source: NamedText;
  readonly diagnostics: Diagnostic[];

  constructor(source: NamedText, diagnostics: Diagnostic[]) {
    const errors = diagnostics.filter((diagnostic) => diagnostic.severity === 'error').length;
    super('invalid-flow', `${source.name} has ${errors === 1 ? 'an error' : `${errors} errors`}`);
    this.name = 'FlowError';
    this.source = source;
    this.diagnostics = diagnostics;
  }
}
