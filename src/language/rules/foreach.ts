import { allElements } from '../model/flow.ts';
import { isJson } from '../model/parameters.ts';
import type { Check } from './context.ts';

/** What a foreach goes over is a list, with as many items as it needs. */
export const checkForeach: Check = ({ flow, report, facts }) => {
  for (const element of allElements(flow)) {
    if (element.kind !== 'foreach') continue;
    const { over, onEmpty, onError, minSuccess } = element;
    const constant = over.kind === 'expression' ? facts?.expressions.get(over.code)?.constant : undefined;
    const span = over.kind === 'list' ? over.span : over.kind === 'expression' ? over.code.span : over.name.span;
    if (constant && !LISTS.has(constant.type)) {
      const message = `a foreach goes over a list, and this is ${TYPE_NAMES[constant.type] ?? `a ${constant.type}`}`;
      report.error(
        'not-a-list',
        span,
        message,
        'write a list, an expression that gives one, or the name of an artifact',
      );
      continue;
    }
    const length = over.kind === 'list' ? over.values.length : constant?.size;
    if (length === 0 && onEmpty === 'fail') {
      report.error(
        'empty-foreach',
        span,
        'the list is empty, and a foreach needs an item at least',
        'put items into it',
      );
    } else if (length === 0) {
      report.warning('empty-foreach', span, 'the list is empty: these steps never run', 'put items into it');
    }
    if (over.kind === 'list' && !isJson(over.values)) {
      const message = 'JSON has no infinity, and nothing that is not a number';
      report.error('not-json', span, message, 'write the list as text: a Python expression');
    }
    if (!minSuccess) continue;
    if (onError !== 'collect') {
      const message = 'minSuccess says nothing where every item has to succeed';
      report.error('useless-min-success', minSuccess.span, message, 'add "onError: collect", or remove it');
    } else if ('count' in minSuccess.value && length && minSuccess.value.count > length) {
      const message = `${minSuccess.value.count} items have to succeed, and the list has ${length}`;
      report.error('min-success-too-high', minSuccess.span, message, `write ${length} or less`);
    }
  }
};

/** Types of Python's literals that have items. */
const LISTS: ReadonlySet<string> = new Set(['list', 'tuple', 'set', 'dict']);

const TYPE_NAMES: Record<string, string> = {
  str: 'text',
  int: 'a number',
  float: 'a number',
  complex: 'a number',
  bool: 'true or false',
  NoneType: 'None',
};
