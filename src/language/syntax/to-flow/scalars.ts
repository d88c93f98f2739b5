import type { Node, Scalar } from 'yaml';
import { isMap, isScalar, isSeq } from 'yaml';
import type { Located } from '../../model/flow.ts';
import { isJson } from '../../model/parameters.ts';
import { spanOf } from '../nodes.ts';
import type { Reading } from './reading.ts';

/** A number with a leading zero, which usually is text. */
const LEADING_ZERO = /^[-+]?0\d+$/;

/** Warns about numbers that lose their leading zeros. @param isNumber whether the place only takes numbers */
export function warnOfLeadingZeros(reading: Reading, node: Node | undefined, isNumber = false): void {
  for (const scalar of scalarsIn(reading, node)) {
    const { source, type, value } = scalar;
    if (type !== 'PLAIN' || typeof value === 'string' || !LEADING_ZERO.test(source ?? '')) continue;
    const message = `YAML reads ${source} as the number ${String(value)}`;
    const hint = isNumber ? `write ${String(value)}; an octal number starts with 0o` : `put it in quotes: "${source}"`;
    reading.warnOnce('leading-zero', scalar, message, hint);
  }
}

/** The first value in a node that JSON cannot represent, as written: `.inf`, `.nan`, or a number that is too large. */
export function notJsonIn(reading: Reading, node: Node | undefined): Located<string> | undefined {
  for (const scalar of scalarsIn(reading, node)) {
    if (!isJson(scalar.value)) return { value: scalar.source ?? String(scalar.value), span: spanOf(scalar) };
  }
  return undefined;
}

function* scalarsIn(reading: Reading, node: Node | undefined): Generator<Scalar> {
  if (isScalar(node)) yield node;
  if (isSeq(node)) for (const item of reading.items(node)) yield* scalarsIn(reading, item);
  if (isMap(node)) for (const { node: value } of reading.entries(node)) yield* scalarsIn(reading, value);
}
