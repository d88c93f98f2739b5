import { sha256 } from '../base/hash.ts';
import { toJson } from '../base/json.ts';
import { zipFiles } from '../base/zip.ts';
import type { Bundle, Manifest } from '../contract/manifest.ts';
import { packageName, stepActionName, versionedConductorName, versionOf } from '../contract/names.ts';
import { ACTION_MEMORY_MIN_MB, ACTION_TIME_DEFAULT_MS, ACTION_TIME_MAX_MS } from '../contract/openwhisk.generated.ts';
import type { Plan, PlannedStep } from '../contract/plan.ts';
import type { SourceFile } from '../language/diagnostics/source-file.ts';
import type { Flow } from '../language/model/flow.ts';
import { cachedSteps } from './cached-steps.ts';
import { compose } from './composition.ts';
import { writeConductor } from './conductor.ts';
import { waitAction } from './conductor-functions.generated.ts';
import { buildGraph } from './flow-graph.ts';
import { writeFlowModule } from './flow-module.ts';
import { planFlow } from './plan-flow.ts';
import { planTriggers } from './plan-triggers.ts';

/** A call of the conductor takes milliseconds, whatever the flow does. */
const CONDUCTOR_MEMORY_MB = ACTION_MEMORY_MIN_MB;
const CONDUCTOR_TIME_LIMIT_MS = ACTION_TIME_DEFAULT_MS;

/** OpenWhisk's minimum memory and maximum time: a session can pause until the next minute, or longer as a guard. */
const WAIT_MEMORY_MB = ACTION_MEMORY_MIN_MB;
const WAIT_TIME_LIMIT_MS = ACTION_TIME_MAX_MS;

export interface BundleParts {
  flow: Flow;
  source: SourceFile;
  /** The user's files: path beside the flow → content. */
  code: ReadonlyMap<string, Uint8Array>;
  /** Defaults of parameters: path beside `flow.py` → content. */
  parameterFiles: ReadonlyMap<string, Uint8Array>;
  /** nuvopipe's files for the step actions: path in the zip → content. */
  runtime: ReadonlyMap<string, Uint8Array>;
  /** Version of nuvopipe. */
  compiler: string;
}

/** Makes a bundle of a flow without errors. The same parts give the same bytes. */
export function makeBundle({ flow, source, code, parameterFiles, runtime, compiler }: BundleParts): Bundle {
  const sourceName = source.name.split(/[\\/]/).at(-1) as string;
  const graph = buildGraph(flow);
  const text = (value: string) => new TextEncoder().encode(value);
  const { code: flowModule, sourceMap, textOf } = writeFlowModule(flow, graph, source);
  const cached = cachedSteps(flow, graph, textOf, code);
  const planned = planFlow(flow, graph, { name: sourceName, file: sourceName }, sourceMap, cached);
  const executed = new Map([['flow.py', text(flowModule)], ...code, ...parameterFiles]);
  const plan: Plan = { ...planned, hash: sha256(toJson([planned, hashEach(executed)])) };
  const composition = JSON.stringify(compose(plan));
  const json = (value: unknown) => text(`${toJson(value, 2)}\n`);
  const beside = new Map([['flow.py', text(flowModule)], ['plan.json', json(plan)], ...parameterFiles]);
  const zipped = new Map(runtime);
  for (const [path, content] of [...code, [sourceName, text(source.text)] as const, ...beside])
    zipped.set(`flow/${path}`, content);
  const files = new Map([
    ...beside,
    ['composition.json', text(`${composition}\n`)],
    ['conductor.js', text(writeConductor(composition))],
    ['wait.js', text(waitAction)],
    ['step.zip', zipFiles(zipped)],
  ]);
  const hashes = hashFiles(files);
  const triggers = planTriggers(flow);
  const manifest: Manifest = {
    version: 1,
    flow: plan.flow,
    compiler,
    hash: hashAll(hashes),
    package: packageName(plan.flow),
    flowVersion: versionOf(plan.hash),
    conductor: {
      name: plan.flow,
      versioned: versionedConductorName(plan.hash),
      kind: 'nodejs:20',
      file: 'conductor.js',
      memoryMB: CONDUCTOR_MEMORY_MB,
      timeLimitMs: CONDUCTOR_TIME_LIMIT_MS,
    },
    ...(plan.isSequence && { sequence: sequenceOf(plan) }),
    wait: {
      name: 'wait',
      kind: 'nodejs:20',
      file: 'wait.js',
      memoryMB: WAIT_MEMORY_MB,
      timeLimitMs: WAIT_TIME_LIMIT_MS,
    },
    steps: Object.entries(plan.profiles).map(([profile, { image, memoryMB, timeLimitMs }]) => ({
      name: stepActionName(profile, plan.hash),
      profile,
      kind: 'python:3',
      ...(image !== undefined && { image }),
      file: 'step.zip',
      memoryMB,
      timeLimitMs,
    })),
    ...(triggers.length > 0 && { triggers }),
    files: hashes,
  };
  files.set(MANIFEST_FILE, json(manifest));
  return { manifest, plan, files };
}

/** For linear flows: the step actions in sequence. */
function sequenceOf(plan: Plan): string[] {
  const components: string[] = [];
  for (let step: string | undefined = plan.start; step !== undefined; ) {
    const { profile, next }: PlannedStep = plan.steps[step] as PlannedStep;
    components.push(`${packageName(plan.flow)}/${stepActionName(profile, plan.hash)}`);
    step = 'step' in next ? next.step : undefined;
  }
  return components;
}

export const MANIFEST_FILE = 'manifest.json';

/** SHA-256, hex, of every file except the manifest, by path. */
export function hashFiles(files: ReadonlyMap<string, Uint8Array>): Record<string, string> {
  return hashEach(new Map([...files].filter(([path]) => path !== MANIFEST_FILE)));
}

function hashEach(files: ReadonlyMap<string, Uint8Array>): Record<string, string> {
  const paths = [...files.keys()].toSorted();
  return Object.fromEntries(paths.map((path) => [path, sha256(files.get(path) as Uint8Array)]));
}

/** One hash over those of all files. */
export function hashAll(hashes: Readonly<Record<string, string>>): string {
  return sha256(JSON.stringify(hashes));
}
