import type { Document, Node, Scalar } from 'yaml';
import { isMap, isScalar, isSeq } from 'yaml';
import { parseDurationMs } from '../../../base/duration.ts';
import { type ExactNumber, isNumber, withRoundedNumbers } from '../../../base/json.ts';
import type { Diagnostics } from '../../diagnostics/report.ts';
import type { Code, Located, Span } from '../../model/flow.ts';
import type { ElementKind } from '../hints.ts';
import type { Entry } from '../nodes.ts';
import { entriesOf, itemsOf, spanOf, textOf, toValue, valueAt } from '../nodes.ts';
import { offsetsOf } from '../scalar-offsets.ts';
import { checkShape } from '../shape.ts';

/** Keys that contain elements, which are checked separately. */
const NESTED_KEYS: ReadonlySet<string> = new Set(['steps', 'join', 'default', 'onFailure']);

/** Keys that contain named lists of elements. */
const NESTED_LISTS_KEYS: ReadonlySet<string> = new Set(['branches', 'cases']);

/** One reading of a flow file: extracts values with their positions from the document and reports errors. */
export class Reading {
  readonly document: Document.Parsed;
  readonly report: Diagnostics;
  readonly #warned = new WeakSet<Node>();

  constructor(document: Document.Parsed, report: Diagnostics) {
    this.document = document;
    this.report = report;
  }

  at(node: Node | undefined, key: string): Node | undefined {
    return valueAt(this.document, node, key);
  }

  entries(node: Node | undefined): Entry[] {
    return entriesOf(this.document, node);
  }

  items(node: Node | undefined): Node[] {
    return itemsOf(this.document, node);
  }

  /** Converts a node to JavaScript. */
  value(node: Node | undefined): unknown {
    return toValue(this.document, node);
  }

  located(node: Node): Located<unknown> {
    return { value: this.value(node), span: spanOf(node) };
  }

  text(node: Node | undefined): Located<string> | undefined {
    const value = textOf(node);
    return value === undefined ? undefined : { value, span: spanOf(node as Node) };
  }

  texts(node: Node | undefined): Located<string>[] {
    return this.items(node).flatMap((item) => this.text(item) ?? []);
  }

  number(node: Node | undefined): Located<number> | undefined {
    const exact = this.exactNumber(node);
    return exact && { value: Number(exact.value), span: exact.span };
  }

  exactNumber(node: Node | undefined): Located<ExactNumber> | undefined {
    return isScalar(node) && isNumber(node.value) ? { value: node.value, span: spanOf(node) } : undefined;
  }

  flag(node: Node | undefined): boolean {
    return isScalar(node) && node.value === true;
  }

  mapping(node: Node | undefined): Located<Record<string, unknown>> | undefined {
    return isMap(node) ? { value: this.value(node) as Record<string, unknown>, span: spanOf(node) } : undefined;
  }

  /** A duration in milliseconds; reports invalid ones. */
  durationMs(node: Node | undefined): Located<number> | undefined {
    if (!isScalar(node) || node.value === null) return undefined;
    const value = parseDurationMs(node.value);
    const span = spanOf(node);
    if (value !== undefined) return { value, span };
    this.report.error('bad-duration', span, `invalid duration "${node.value}"`, 'write 90s, 2m or 500ms');
    return undefined;
  }

  /** Python code in a scalar. */
  code(node: Node | undefined): Code | undefined {
    const text = textOf(node);
    if (text === undefined) return undefined;
    const scalar = node as Scalar;
    return { text, span: spanOf(scalar), offsetAt: offsetsOf(scalar, this.report.source.text) };
  }

  /** Position of a key of a mapping, or of the mapping if the key is absent. */
  headOf(node: Node, key: string): Span {
    return this.entries(node).find((entry) => entry.key === key)?.keySpan ?? spanOf(node);
  }

  /** Warns about a node once, even if several aliases lead to it. */
  warnOnce(code: string, node: Node, message: string, hint: string): void {
    if (!this.#warned.has(node)) this.report.warning(code, spanOf(node), message, hint);
    this.#warned.add(node);
  }

  /** Checks a part against its schema, except for keys already reported. */
  checkShape(kind: ElementKind, node: Node, ...ignoredKeys: string[]): void {
    const value: Record<string, unknown> = {};
    for (const { key, node: child } of this.entries(node)) {
      if (!ignoredKeys.includes(key)) value[key] = withRoundedNumbers(this.#shapeOf(key, child, kind));
    }
    checkShape(kind, value, node, this.document, this.report);
  }

  #shapeOf(key: string, node: Node | undefined, kind: ElementKind): unknown {
    const hollow = (child: Node | undefined) =>
      isSeq(child) ? child.items.map(() => null) : isMap(child) ? {} : this.value(child);
    if (NESTED_KEYS.has(key) && kind !== 'step') return hollow(node);
    if (!NESTED_LISTS_KEYS.has(key) || !isMap(node)) return this.value(node);
    return Object.fromEntries(this.entries(node).map((entry) => [entry.key, hollow(entry.node)]));
  }
}
