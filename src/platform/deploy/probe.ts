import { randomUUID } from 'node:crypto';
import { keys } from '../../contract/layout.generated.ts';
import type { Store } from '../s3/store.ts';

/** Enough to expose a race on a server that checks first and writes later. */
const CONTENDERS = 16;

/**
 * Whether exactly one of several PUTs with `If-None-Match: *` wins, which lanes rely on. `ignored`: the header has no
 * effect; `racing`: it is not atomic.
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
