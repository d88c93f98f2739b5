import { join } from 'node:path';
import type { Progress } from '../base/terminal/progress.ts';
import type { Plan } from '../contract/plan.ts';
import { ensureLayers } from '../platform/wheels/layer.ts';
import type { LayerStore } from '../platform/wheels/requirements-lock.ts';

/** Zips of the packages that a flow's steps need. */
export interface Packages {
  folder: string;
  /** Their names in the folder, without `.zip`. */
  layers: string[];
}

/** Layers are also cached under the home, where simulated runs find them. */
const NO_STORE: LayerStore = {
  get: async () => undefined,
  exists: async () => false,
  putIfAbsent: async () => true,
};

/** The packages of `environment.pip`, as on the local platform; those of all steps together. */
export async function packagesOf(plan: Plan, python: string, home: string, report: Progress): Promise<Packages> {
  const layers = await ensureLayers({ plan, target: 'native', store: NO_STORE, python, home, report });
  return { folder: join(home, 'layers'), layers: [...new Set(layers.values())] };
}
