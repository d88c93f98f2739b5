import { join } from 'node:path';
import type { Progress } from '../base/terminal/progress.ts';
import type { Plan } from '../contract/plan.ts';
import { ensureLayers } from '../platform/wheels/layer.ts';
import type { LayerStore } from '../platform/wheels/requirements-lock.ts';

/** Zips of what a flow's steps find installed. */
export interface Packages {
  folder: string;
  /** Their names in the folder, without `.zip`. */
  layers: string[];
}

/** Layers lie under the home, too, and a simulated run takes them from there. */
const NO_STORE: LayerStore = {
  get: async () => undefined,
  exists: async () => false,
  putIfAbsent: async () => true,
};

/** The packages of `environment.pip`, as the local platform has them; of steps with packages of their own, all together. */
export async function packagesOf(plan: Plan, python: string, home: string, report: Progress): Promise<Packages> {
  const layers = await ensureLayers({ plan, target: 'native', store: NO_STORE, python, home, report });
  return { folder: join(home, 'layers'), layers: [...new Set(layers.values())] };
}
