import type { Plan } from './plan.ts';

/** `manifest.json`: the contents of a bundle and how to deploy them. */
export interface Manifest {
  version: 1;
  flow: string;
  /** The version of nuvopipe that compiled the bundle. */
  compiler: string;
  /** SHA-256 over all other files of the bundle, hex. */
  hash: string;
  /** Package of the versioned actions and of `wait`: `<flow>.steps`. */
  package: string;
  /** Identifies the version of the flow: runs finish on the version they started with. */
  flowVersion: string;
  /**
   * `name` is invoked by clients and is always the current version; `versioned` is a copy in the package, used by the
   * runs of one version.
   */
  conductor: {
    name: string;
    versioned: string;
    kind: 'nodejs:20';
    file: 'conductor.js';
    memoryMB: number;
    timeLimitMs: number;
  };
  /** Step actions in step order: the flow is deployed as this sequence, without conductors and `wait`. */
  sequence?: string[];
  /** Pauses a session outside any step's container; its argument is `{wait}` in milliseconds. */
  wait: { name: 'wait'; kind: 'nodejs:20'; file: 'wait.js'; memoryMB: number; timeLimitMs: number };
  /** One per profile; all of them share one zip. An image replaces the runtime's kind. */
  steps: {
    name: string;
    profile: string;
    kind: 'python:3';
    image?: string;
    file: 'step.zip';
    memoryMB: number;
    timeLimitMs: number;
  }[];
  /** Triggers that start the flow; absent if there are none. */
  triggers?: ManifestTrigger[];
  /** SHA-256 of every file of the bundle, hex. */
  files: Record<string, string>;
}

/** A trigger and the rule that connects it to the conductor. */
export interface ManifestTrigger {
  /** `HelloFlow.schedule-1a2b3c`; for `on`, the name in the flow: `uploads`, `/namespace/uploads`. */
  name: string;
  rule: string;
  /**
   * The feed action that fires the trigger, which then belongs to the flow. Without a feed, the trigger can already
   * exist.
   */
  feed?: string;
  /** Arguments of the feed. */
  parameters?: Record<string, unknown>;
  /** As written in the flow; UTC is omitted. */
  schedule?: { cron: string; timezone?: string };
}

/** Package of the feeds that fire triggers by the clock: openwhisk-package-alarms. */
export const ALARMS_PACKAGE = '/whisk.system/alarms';

/** A compiled flow in memory. On disk it is a folder with these files and `manifest.json`. */
export interface Bundle {
  manifest: Manifest;
  plan: Plan;
  /** `flow.py`, `plan.json`, `composition.json`, `conductor.js`, `wait.js`, `step.zip`, …: path → content. */
  files: Map<string, Uint8Array>;
}
