import type { Progress } from '../../base/terminal/progress.ts';
import type { OnProgress } from '../../index.ts';

/** Shows what a call of the API reports. */
export function onProgressOf(report: Progress): OnProgress {
  return ({ kind, message }) => {
    if (kind === 'note') report.line(message);
    else if (kind === 'detail') report.detail(message);
    else report.progress(message);
  };
}
