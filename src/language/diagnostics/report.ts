import type { Span } from '../model/flow.ts';
import type { Diagnostic, Severity } from './diagnostic.ts';
import type { SourceFile } from './source-file.ts';

/** Collects the diagnostics of a flow file. */
export class Diagnostics {
  readonly source: SourceFile;
  readonly #diagnostics: Diagnostic[] = [];
  readonly #seen = new Set<string>();

  constructor(source: SourceFile, diagnostics: readonly Diagnostic[] = []) {
    this.source = source;
    this.#diagnostics.push(...diagnostics);
  }

  error(code: string, span: Span, message: string, hint?: string): void {
    this.#add('error', code, span, message, hint);
  }

  warning(code: string, span: Span, message: string, hint?: string): void {
    this.#add('warning', code, span, message, hint);
  }

  get hasErrors(): boolean {
    return this.#diagnostics.some((diagnostic) => diagnostic.severity === 'error');
  }

  /** Sorted by position in the file. */
  get diagnostics(): Diagnostic[] {
    return this.#diagnostics.toSorted(
      (a, b) => a.range.start.line - b.range.start.line || a.range.start.column - b.range.start.column,
    );
  }

  #add(severity: Severity, code: string, span: Span, message: string, hint: string | undefined): void {
    // An aliased node is visited once per alias, but has one position.
    const key = `${span[0]} ${span[1]} ${code} ${message}`;
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    const range = this.source.range(span[0], span[1]);
    const diagnostic = { code, severity, message, file: this.source.name, range };
    this.#diagnostics.push(hint === undefined ? diagnostic : { ...diagnostic, hint });
  }
}
