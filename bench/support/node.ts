import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);

const NUVOPIPE = join(import.meta.dirname, '../../bin/nuvopipe.js');

/** Runs Node; rejects where it fails. */
export function node(...args: string[]): Promise<unknown> {
  return execute(process.execPath, args);
}

/** Runs the built nuvopipe; rejects where it fails. */
export function nuvopipe(...args: string[]): Promise<unknown> {
  return node(NUVOPIPE, ...args);
}
