import type { Plan } from './plan.ts';

/** `manifest.json`: what a bundle holds and how it is deployed. */
export interface Manifest {
  version: 1;
  flow: string;
  /** Of nuvopipe, that compiled the bundle. */
  compiler: string;
  /** SHA-256 over all other files of the bundle, hex. */
  hash: string;
  /** Package of the versioned actions and of `wait`: `<flow>.steps`. */
  package: string;
  /** Of the flow: its runs finish on what was deployed with it. */
  flowVersion: string;
  /** `name` is what clients invoke, always the current version; `versioned` is the same again, in the package, for its runs. */
  conductor: {
    name: string;
    versioned: string;
    kind: 'nodejs:20';
    file: 'conductor.js';
    memoryMB: number;
    timeLimitMs: number;
  };
  /** Step actions in the order of the steps: the flow is deployed as this sequence, without conductors and `wait`. */
  sequence?: string[];
  /** Pauses a session outside of any step's container: `{wait}` in milliseconds. */
  wait: { name: 'wait'; kind: 'nodejs:20'; file: 'wait.js'; memoryMB: number; timeLimitMs: number };
  /** One per profile; all share one zip. With an image, that is what runs it. */
  steps: {
    name: string;
    profile: string;
    kind: 'python:3';
    image?: string;
    file: 'step.zip';
    memoryMB: number;
    timeLimitMs: number;
  }[];
  /** What starts the flow by itself; absent where nothing does. */
  triggers?: ManifestTrigger[];
  /** SHA-256 of every file of the bundle, hex. */
  files: Record<string, string>;
}

/** A trigger, and the rule by which it invokes the conductor. */
export interface ManifestTrigger {
  /** `HelloFlow.schedule-1a2b3c`; under `on` as the flow has it: `uploads`, `/namespace/uploads`. */
  name: string;
  rule: string;
  /** The feed action that fires it: the trigger is the flow's own. Without one, it may be there already. */
  feed?: string;
  /** Of the feed. */
  parameters?: Record<string, unknown>;
  /** As the flow has it, less a time zone that is UTC. */
  schedule?: { cron: string; timezone?: string };
}

/** Its feeds fire triggers by the clock: openwhisk-package-alarms. */
export const ALARMS_PACKAGE = '/whisk.system/alarms';

/** A compiled flow in memory; on disk it is a folder with these files and `manifest.json`. */
export interface Bundle {
  manifest: Manifest;
  plan: Plan;
  /** `flow.py`, `plan.json`, `composition.json`, `conductor.js`, `wait.js`, `step.zip`, …: path → content. */
  files: Map<string, Uint8Array>;
}
