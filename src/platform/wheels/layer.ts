import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sha256 } from '../../base/hash.ts';
import { zipFiles } from '../../base/zip.ts';
import { keys } from '../../contract/layout.generated.ts';
import type { Plan } from '../../contract/plan.ts';
import { cached } from './file-cache.ts';
import { type Lock, type LockOptions, lockRequirements } from './requirements-lock.ts';
import { pythonTag, type TrimRule, type WheelTarget, wheelFiles } from './wheels.ts';

/** A container fetches a layer before its first step, so files that no step imports are left out. */
const TRIMMED: readonly TrimRule[] = [
  { path: /(^|\/)tests\//, why: 'a third of the scientific packages' },
  { path: /^bin\//, why: 'command lines' },
  { path: /\.(pyi|pxd|pyx|a|h|hpp)$/, why: 'for compilers and editors' },
];

export interface LayerOptions extends Omit<LockOptions, 'requirements'> {
  plan: Plan;
  target: WheelTarget;
}

/**
 * Packs the wheels of each profile's `environment.pip` into a zip and uploads it to the datastore if missing. The
 * name of a layer identifies its wheels, so it is made once for all users of the datastore.
 * @returns the layer of each profile that has one.
 */
export async function ensureLayers(options: LayerOptions): Promise<Map<string, string>> {
  const layers = new Map<string, string>();
  const made = new Map<string, string>();
  for (const [profile, { pip }] of Object.entries(options.plan.profiles)) {
    if (pip === undefined) continue;
    const asked = JSON.stringify(pip);
    const layer = made.get(asked) ?? (await ensureLayer(pip, options));
    made.set(asked, layer);
    layers.set(profile, layer);
  }
  return layers;
}

async function ensureLayer(requirements: readonly string[], options: LayerOptions): Promise<string> {
  const { store, python, home, target, report } = options;
  const lock = await lockRequirements({ ...options, requirements });
  const layer = sha256(
    JSON.stringify([target, await pythonTag(python), TRIMMED.map(({ path }) => path.source), lock.wheels]),
  );
  if (await store.exists(keys.layer({ layer }))) return layer;
  const zip = await cached(join(home, 'layers', `${layer}.zip`), () => {
    report.line(`Fetching ${requirements.join(', ')} (once)`);
    return makeLayer(lock, options);
  });
  report.progress('Uploading the packages');
  await store.putIfAbsent(keys.layer({ layer }), zip);
  return layer;
}

async function makeLayer({ wheels }: Lock, { python, target, report }: LayerOptions): Promise<Uint8Array> {
  const folder = await mkdtemp(join(tmpdir(), 'nuvopipe-layer-'));
  try {
    const file = join(folder, 'requirements.txt');
    await writeFile(
      file,
      wheels.map(({ name, version, sha256 }) => `${name}==${version} --hash=sha256:${sha256}\n`),
    );
    const files = await wheelFiles({
      python,
      target,
      arguments: ['--no-deps', '--require-hashes', '-r', file],
      trimmed: TRIMMED,
      what: 'the packages of environment.pip',
      report,
    });
    return zipFiles(files);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
