import { randomUUID } from 'node:crypto';
import { keys } from '../../contract/layout.generated.ts';
import type { Store } from '../s3/store.ts';

/** Enough for a race to show on a server that checks first and writes later. */
const CONTENDERS = 16;

/**
 * Whether of several PUTs with `If-None-Match: *` just one wins: every claim of a lane rests on it.
 * `ignored`: the header has no effect; `racing`: it has, but not at the same instant.
 */
export async function probeConditionalPut(store: Store): Promise<'atomic' | 'ignored' | 'racing'> {
  const mark = randomUUID();
  const twice = keys.probe({ mark, contest: 'twice' });
  const race = keys.probe({ mark, contest: 'race' });
  try {
    if (!(await store.putIfAbsent(twice, 'first')) || (await store.putIfAbsent(twice, 'second'))) return 'ignored';
    const won = await Promise.all(Array.from({ length: CONTENDERS }, (_, i) => store.putIfAbsent(race, `${i}`)));
    return won.filter(Boolean).length === 1 ? 'atomic' : 'racing';
  } finally {
    await Promise.all([twice, race].map((key) => store.delete(key).catch(() => undefined)));
  }
}
