import type { Progress } from '../base/terminal/progress.ts';

/**
 * The progress of a long operation.
 *
 * - `status`: the current activity, until the next one; an empty message ends it.
 * - `detail`: a completed detail, such as a created action.
 * - `note`: worth keeping in a log, such as a warning.
 */
export interface ProgressEvent {
  kind: 'status' | 'detail' | 'note';
  message: string;
}

/** Is called during long operations. */
export type OnProgress = (event: ProgressEvent) => void;

export function progressTo(onProgress: OnProgress = () => undefined): Progress {
  return {
    line: (message) => onProgress({ kind: 'note', message }),
    detail: (message) => onProgress({ kind: 'detail', message }),
    progress: (message) => onProgress({ kind: 'status', message }),
  };
}
