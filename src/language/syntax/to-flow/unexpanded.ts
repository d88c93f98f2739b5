import type { Node, Pair, Scalar } from 'yaml';
import { isMap, isPair, isScalar, visit } from 'yaml';
import type { Span } from '../../model/flow.ts';
import { offsetsOf } from '../scalar-offsets.ts';
import type { Reading } from './reading.ts';

/** `${NAME}`, as in shells and templates; `$${` is the literal form. */
const REFERENCE = /(?<!\$)\$\{[A-Za-z_][^{}]*\}/g;

/** Keys with Python code or regular expressions, where this has another meaning. */
const CODE_KEYS = new Set(['run', 'foreach', 'switch', 'while', 'until', 'pattern']);

/** Warns about `${…}` outside the arguments of actions and flows, where it is not replaced. */
export function warnOfUnexpanded({ document, report }: Reading): void {
  visit(document, {
    Scalar(role, node, path) {
      if (role !== 'key' && typeof node.value === 'string' && node.value.includes('${') && !isElsewhere(path))
        warn(node);
    },
  });

  function warn(node: Scalar): void {
    const offsetAt = offsetsOf(node as Parameters<typeof offsetsOf>[0], report.source.text);
    for (const { 0: text, index } of String(node.value).matchAll(REFERENCE)) {
      const span: Span = [offsetAt(index), offsetAt(index + text.length - 1) + 1];
      // biome-ignore lint/suspicious/noTemplateCurlyInString: it is what is written
      const hint = 'write the value itself: ${name} works only in "with" of an action or a flow';
      report.warning('not-expanded', span, `${text} is not replaced here`, hint);
    }
  }
}

/** Whether `${…}` has or might have its own meaning here. */
function isElsewhere(path: readonly unknown[]): boolean {
  return path.some((place, index) => {
    if (!isPair(place)) return false;
    const key = keyOf(place);
    if (CODE_KEYS.has(key)) return isScalar(place.value);
    if (index === 2 && key.startsWith('x-')) return true;
    const owner = path[index - 1];
    return key === 'with' && isMap(owner) && owner.items.some((item) => ['action', 'flow', '<<'].includes(keyOf(item)));
  });
}

function keyOf({ key }: Pair): string {
  return isScalar(key as Node) ? String((key as Scalar).value) : '';
}
