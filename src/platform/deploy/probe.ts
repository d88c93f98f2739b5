import { randomUUID } from 'node:crypto';
import type { Store } from '../s3/store.ts';

/** Enough for a race to show on a server that checks first and writes later. */
const CONTENDERS = 16;

/**
 * Whether of several PUTs with `If-None-Match: *` just one wins: every claim of a lane rests on it.
 * `ignored`: the header has no effect; `racing`: it has, but not at the same instant.
 */
export async function probeConditionalPut(store: Store): Promise<'atomic' | 'ignored' | 'racing'> {
  // Not a folder: below `_nuvopipe/` these are flows.
  const prefix = `_nuvopipe/probe-${randomUUID()}`;
  const keys = [`${prefix}-twice`, `${prefix}-race`] as const;
  try {
    if (!(await store.putIfAbsent(keys[0], 'first')) || (await store.putIfAbsent(keys[0], 'second'))) return 'ignored';
    const won = await Promise.all(Array.from({ length: CONTENDERS }, (_, i) => store.putIfAbsent(keys[1], `${i}`)));
    return won.filter(Boolean).length === 1 ? 'atomic' : 'racing';
  } finally {
    await Promise.all(keys.map((key) => store.delete(key).catch(() => undefined)));
  }
}
