import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { invoke } from './flows.ts';
import type { SharedPlatform } from './platform.ts';

export const SPY_FLOW = join(import.meta.dirname, '../fixtures/flows/spy.yaml');

/** A key that the spy is to find, so that a test knows that it would. */
const DECOY = 'deadbeef-71f6-4ed5-8c54-816aa4f8c502:a-key-that-a-careless-program-has-kept';

const sha = (text: string) => createHash('sha256').update(text).digest('hex');

/** Runs the spy, which has to be deployed: it must find nothing of the platform's key, and finds one that is there. */
export async function assertNothingToSpy(shared: SharedPlatform): Promise<void> {
  const { result } = await invoke(shared, 'SpyFlow', { sha: sha(shared.platform.whisk.auth) });
  assert.deepEqual(
    [result.status, result.outputs],
    ['succeeded', { found: [], supervisor: [] }],
    JSON.stringify(result),
  );
  const control = await invoke(shared, 'SpyFlow', { sha: sha(DECOY), decoy: DECOY });
  const { found } = control.result.outputs as { found: string[] };
  for (const place of ['environment', 'objects', 'own memory']) assert.ok(found.includes(place), `${place}: ${found}`);
}
