import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from '../../base/hash.ts';
import { REQUIREMENTS_LOCK } from '../../base/package-files.ts';
import type { Progress } from '../../base/terminal/progress.ts';
import { keys } from '../../contract/layout.generated.ts';
import type { Store } from '../s3/store.ts';
import { cached } from './file-cache.ts';
import { pythonTag, resolveWheels, type Wheel, type WheelTarget } from './wheels.ts';

/**
 * What `environment.pip` came to when it was resolved for the first time: exact wheels, by their hash. The requirements of a
 * flow are pinned, but not what these need in turn. So the first deploy writes down what it got, in the datastore for all who
 * share it and under the home for other datastores of the same machine, and every later one takes just that: deployed again
 * in a year, or by somebody else, a flow has the same packages. Other requirements are another lock; to have a newer version
 * of something that a package needs, add it to `pip`.
 */
export interface Lock {
  version: 1;
  requirements: string[];
  wheels: Wheel[];
}

/** The part of the store that packages need. */
export type LayerStore = Pick<Store, 'get' | 'exists' | 'putIfAbsent'>;

export interface LockOptions {
  requirements: readonly string[];
  target: WheelTarget;
  store: LayerStore;
  python: string;
  home: string;
  report: Progress;
}

/** The lock of these requirements, created on first use. */
export async function lockRequirements(options: LockOptions): Promise<Lock> {
  const { target, store, python, home, report } = options;
  const requirements = options.requirements.toSorted();
  const machine = target === 'native' ? await pythonTag(python) : target;
  const pins = await readFile(REQUIREMENTS_LOCK, 'utf8');
  const digest = sha256(JSON.stringify([machine, requirements, pins]));
  const key = keys.layerLock({ requirements: digest });
  const known = await store.get(key);
  if (known) return parse(known.body);
  const file = await cached(join(home, 'layers', `${digest}.lock.json`), async () => {
    report.line(`Resolving ${requirements.join(', ')} (once)`);
    const wheels = await resolveWheels({
      python,
      target,
      // A package that the runtime also uses must have the same version.
      arguments: ['-c', REQUIREMENTS_LOCK],
      requirements,
      what: 'the packages of environment.pip',
      report,
    });
    const lock: Lock = { version: 1, requirements, wheels };
    return Buffer.from(`${JSON.stringify(lock, null, 2)}\n`);
  });
  if (await store.putIfAbsent(key, file)) return parse(file);
  const winner = await store.get(key);
  return parse(winner?.body ?? file);
}

function parse(body: Uint8Array): Lock {
  return JSON.parse(Buffer.from(body).toString()) as Lock;
}
