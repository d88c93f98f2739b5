import { allElements } from '../model/flow.ts';
import { isJson } from '../model/parameters.ts';
import type { Check } from './context.ts';

/** Checks that a foreach iterates over a list with enough items. */
export const checkForeach: Check = ({ flow, report, facts }) => {
  for (const element of allElements(flow)) {
    if (element.kind !== 'foreach') continue;
    const { over, onEmpty, onError, minSuccess } = element;
    const constant = over.kind === 'expression' ? facts?.expressions.get(over.code)?.constant : undefined;
    const span = over.kind === 'list' ? over.span : over.kind === 'expression' ? over.code.span : over.name.span;
    if (constant && !LISTS.has(constant.type)) {
      const message = `foreach needs a list, not ${TYPE_NAMES[constant.type] ?? `a ${constant.type}`}`;
      report.error(
        'not-a-list',
        span,
        message,
        'write a list, an expression that returns a list, or the name of an artifact',
      );
      continue;
    }
    const length = over.kind === 'list' ? over.values.length : constant?.size;
    if (length === 0 && onEmpty === 'fail') {
      report.error(
        'empty-foreach',
        span,
        'the list is empty, and foreach needs at least one item',
        'add items to the list',
      );
    } else if (length === 0) {
      report.warning('empty-foreach', span, 'the list is empty: these steps never run', 'add items to the list');
    }
    if (over.kind === 'list' && !isJson(over.values)) {
      const message = 'JSON cannot represent Infinity or NaN';
      report.error('not-json', span, message, 'write the list as a Python expression in quotes');
    }
    if (!minSuccess) continue;
    if (onError !== 'collect') {
      const message = 'minSuccess has no effect without "onError: collect"';
      report.error('useless-min-success', minSuccess.span, message, 'add "onError: collect", or remove minSuccess');
    } else if ('count' in minSuccess.value && length && minSuccess.value.count > length) {
      const message = `minSuccess is ${minSuccess.value.count}, but the list has only ${length} items`;
      report.error('min-success-too-high', minSuccess.span, message, `write ${length} or less`);
    }
  }
};

/** Python literals that have items. */
const LISTS: ReadonlySet<string> = new Set(['list', 'tuple', 'set', 'dict']);

const TYPE_NAMES: Record<string, string> = {
  str: 'text',
  int: 'a number',
  float: 'a number',
  complex: 'a number',
  bool: 'true or false',
  NoneType: 'None',
};
