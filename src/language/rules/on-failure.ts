import type { Check } from './context.ts';

/** `onFailure` consists of plain steps. */
export const checkOnFailure: Check = ({ flow, report }) => {
  for (const element of flow.onFailure) {
    if (element.kind === 'step') {
      if (element.cache) {
        const message = 'onFailure steps cannot be cached: every failure is different';
        report.error('useless-cache', element.cache, message, 'remove "cache"');
      }
      continue;
    }
    const message = `onFailure takes a plain list of steps and cannot contain ${element.kind}`;
    report.error(
      'misplaced-element',
      element.span,
      message,
      'do this in the Python code of a step, or start another flow: "flow: name"',
    );
  }
};
