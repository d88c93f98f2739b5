import type { Check } from './context.ts';

/** What follows a failure is plain steps. */
export const checkOnFailure: Check = ({ flow, report }) => {
  for (const element of flow.onFailure) {
    if (element.kind === 'step') {
      if (element.cache) {
        const message = 'a step that follows a failure is not cached: no two failures are the same';
        report.error('useless-cache', element.cache, message, 'remove "cache"');
      }
      continue;
    }
    const message = `onFailure takes steps, one after the other, and no ${element.kind}`;
    report.error(
      'misplaced-element',
      element.span,
      message,
      'do it in the Python of a step, or start a flow: "flow: name"',
    );
  }
};
