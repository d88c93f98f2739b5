import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Bundle } from '../model/manifest.ts';
import { REQUIREMENTS_LOCK } from '../package-files.ts';
import type { Store } from '../store/store.ts';
import type { Report } from '../terminal/report.ts';
import { cached } from './cache.ts';
import { pythonTag, type TrimRule, type WheelTarget, wheelFiles } from './pip.ts';
import { zipFiles } from './zip.ts';

/** Where a layer lies in the datastore; the runtime fetches it when a container starts. */
export function layerKey(layer: string): string {
  return `_nuvopipe/layers/${layer}.zip`;
}

/** A container fetches a layer before its first step, so that what no step imports stays behind. */
const TRIMMED: readonly TrimRule[] = [
  { path: /(^|\/)tests\//, why: 'a third of the scientific packages' },
  { path: /^bin\//, why: 'command lines' },
  { path: /\.(pyi|pxd|pyx|a|h|hpp)$/, why: 'for compilers and editors' },
];

export interface LayerOptions {
  bundle: Bundle;
  store: Store;
  python: string;
  home: string;
  /** For a cluster the wheels are those of its images, not of this machine. */
  vendored: boolean;
  report: Report;
}

/**
 * Makes the wheels of `environment.pip` into a zip that steps can import from, and sees to it that the datastore has it.
 * The layer's name says what was asked for and for which Python, so it is resolved once for all who share the datastore.
 * @returns the layer's name; undefined if the flow asks for no wheels.
 */
export async function ensureLayer(options: LayerOptions): Promise<string | undefined> {
  const { bundle, store, python, home, vendored, report } = options;
  const { pip } = bundle.plan;
  if (pip.length === 0) return undefined;
  const target: WheelTarget = vendored ? 'cluster' : 'native';
  const tag = `${target} ${await pythonTag(python)}`;
  const layer = createHash('sha256')
    .update([tag, ...pip].join('\n'))
    .digest('hex');
  if (await store.exists(layerKey(layer))) return layer;
  const zip = await cached(join(home, 'layers', `${layer}.zip`), async () => {
    report.line(`Fetching ${pip.join(', ')} (once)`);
    const files = await wheelFiles({
      python,
      target,
      // A package that the runtime has too must be the same one.
      arguments: ['-c', REQUIREMENTS_LOCK, ...pip],
      trimmed: TRIMMED,
      what: 'the packages of environment.pip',
      report,
    });
    return zipFiles(files);
  });
  report.progress('Uploading the packages');
  await store.putIfAbsent(layerKey(layer), zip);
  return layer;
}
