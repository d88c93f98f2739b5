import { STOCK_PYTHON, type WheelTarget } from '../wheels/wheels.ts';

/** Oldest Python supported by the runtime's object store (obstore 0.12, `Requires-Python`). */
const PYTHON_MIN_MINOR = 11;
/** Oldest Node that conductors of openwhisk-composer 0.12 are tested with. */
const NODE_MIN_MAJOR = 18;

/**
 * The kind for step actions among those the cluster lists: 3.11 or newer if versions are listed; `python:3`, whose
 * version only the cluster knows; without a list the default, which every cluster has.
 */
export function pythonKind(kinds: readonly string[] | undefined): string {
  if (kinds?.includes('python:3.11')) return 'python:3.11';
  const named = newest(kinds, /^python:3\.(\d+)$/, PYTHON_MIN_MINOR);
  return named ?? (kinds?.includes('python:3') ? 'python:3' : 'python:default');
}

/** The Python version whose wheels an action kind accepts: `python:3.12` names it, other kinds do not. */
export function wheelTarget(kind: string): WheelTarget {
  const minor = /^python:3\.(\d+)$/.exec(kind)?.[1];
  return minor === undefined ? STOCK_PYTHON : `3.${Number(minor)}`;
}

/** The kind for the conductor and the `wait` action. */
export function nodeKind(kinds: readonly string[] | undefined): string {
  if (kinds?.includes('nodejs:20')) return 'nodejs:20';
  return newest(kinds, /^nodejs:(\d+)$/, NODE_MIN_MAJOR) ?? 'nodejs:default';
}

function newest(kinds: readonly string[] | undefined, pattern: RegExp, min: number): string | undefined {
  const version = (kind: string) => Number(pattern.exec(kind)?.[1] ?? -1);
  return kinds?.filter((kind) => version(kind) >= min).sort((a, b) => version(b) - version(a))[0];
}
