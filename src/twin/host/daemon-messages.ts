/** Messages between the daemon of the local platform and the process that starts it. */
import type { PythonEnvironments } from './python-env.ts';

/** The first message, from the process that starts the daemon. */
export interface DaemonConfig {
  home: string;
  python: PythonEnvironments;
  /** Port of the OpenWhisk API: this one or none. */
  port?: number;
  idleLimitMs?: number;
}

export type DaemonMessage =
  | { type: 'note'; text: string }
  | { type: 'ready' }
  | { type: 'failed'; error: { user: boolean; code: string; message: string; hint?: string } };
