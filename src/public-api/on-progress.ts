import type { Progress } from '../base/terminal/progress.ts';

/**
 * What work that takes long is doing.
 *
 * - `status`: the current activity, until the next one; an empty message ends it.
 * - `detail`: one of many small things that were done, such as an action that was created.
 * - `note`: worth keeping in a log, such as a warning.
 */
export interface ProgressEvent {
  kind: 'status' | 'detail' | 'note';
  message: string;
}

/** Is called while work that takes long goes on. */
export type OnProgress = (event: ProgressEvent) => void;

export function progressTo(onProgress: OnProgress = () => undefined): Progress {
  return {
    line: (message) => onProgress({ kind: 'note', message }),
    detail: (message) => onProgress({ kind: 'detail', message }),
    progress: (message) => onProgress({ kind: 'status', message }),
  };
}
