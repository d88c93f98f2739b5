import type { Manifest, Plan } from './formats.generated.ts';

/** `manifest.json`, as `schemas/manifest.v1.schema.json` describes it. */
export type { Manifest, ManifestTrigger } from './formats.generated.ts';

/** Its feeds fire triggers by the clock: openwhisk-package-alarms. */
export const ALARMS_PACKAGE = '/whisk.system/alarms';

/** A compiled flow in memory; on disk it is a folder with these files and `manifest.json`. */
export interface Bundle {
  manifest: Manifest;
  plan: Plan;
  /** `flow.py`, `plan.json`, `composition.json`, `conductor.js`, `wait.js`, `step.zip`, …: path → content. */
  files: Map<string, Uint8Array>;
}
