import type { Bundle, Manifest } from '../../contract/manifest.ts';
import type { MinSuccess, Plan, PlannedPool, PlannedStep } from '../../contract/plan.ts';
import { CONTINUE_FROM, FALLBACK_ATTEMPTS } from '../../contract/protocol.generated.ts';
import { itemsArtifact } from '../flow-graph.ts';
import { COMPONENTS_PER_LOOK, costOf, pausesMs } from './costs.ts';
import type { Finding } from './findings.ts';
import { findingsOf } from './findings.ts';
import type { AssumedLimits } from './limits.ts';
import { OPENWHISK_LIMITS } from './limits.ts';
import { Paths } from './paths.ts';

/** What a flow compiles to on OpenWhisk, and whether it fits. */
export interface Explanation {
  flow: string;
  /** The cluster whose limits these are; absent for OpenWhisk's defaults. */
  cluster?: string;
  /** Whether no limit is exceeded. */
  fits: boolean;
  actions: ExplainedAction[];
  blocks: { name: string; profile: string; steps: string[] }[];
  forks: ExplainedFork[];
  loops: ExplainedLoop[];
  attempts: ExplainedAttempts[];
  calls: ExplainedCall[];
  /** The `onFailure` steps, if any. */
  onFailure?: { steps: string[]; components: number };
  limits: Finding[];
}

export interface ExplainedAction {
  name: string;
  /** `stand-in`: fails the steps whose own action cannot start. */
  role: 'conductor' | 'sequence' | 'steps' | 'stand-in' | 'wait';
  /** Sequences have none. */
  memoryMB?: number;
  timeLimitMs?: number;
  /** For step actions: number of steps that share it. */
  steps?: number;
}

export interface ExplainedFork {
  /** The step that opens it. */
  after: string;
  kind: 'foreach' | 'branches';
  /** The artifact with the items; absent if they are literals in the flow. */
  over?: string;
  branches?: string[];
  join: string;
  /** Maximum number of concurrent sessions. */
  lanes: number;
  /** Throttled calls to start the lanes, each time the fork is reached. */
  calls: number;
  /** Maximum number of components per item, assuming one item per lane in nested forks. */
  componentsPerItem: number;
  /** Items after which a lane hands over to a new session, with one more throttled call; 0: within an item. */
  itemsPerSession: number;
  /** Maximum number of items per activation, in sequence, as time allows. */
  batch?: number;
  /** The flow continues if this many items succeed. */
  minSuccess?: MinSuccess;
}

export interface ExplainedLoop {
  /** `while refine`: after the first step of a turn. */
  name: string;
  first: string;
  /** Absent if unlimited. */
  max?: number;
  componentsPerTurn: number;
  /** Turns after which a session hands over to a new one; 0: within a turn. */
  turnsPerSession: number;
}

export interface ExplainedAttempts {
  step: string;
  /** Maximum per task, including the one in which `catch` stores the failure. */
  attempts: number;
  /** Longest pause before each repetition, ms; a pause is a component and occupies no step container. */
  pausesMs: number[];
  /** Time limit for all attempts together, ms. */
  withinMs?: number;
  catches: boolean;
  /** Components of a task if only its last attempt succeeds. */
  components: number;
}

export interface ExplainedCall {
  step: string;
  kind: 'action' | 'flow';
  name: string;
  detached: boolean;
  /** Components of one attempt; for called flows, including the first check. */
  components: number;
  /** Components of each further look at a flow that is waited for. */
  componentsPerLook?: number;
}

/** Explains a bundle by the limits of a cluster, or by OpenWhisk's defaults. */
export function explainBundle(
  { manifest, plan, files }: Bundle,
  limits: AssumedLimits = OPENWHISK_LIMITS,
): Explanation {
  const paths = new Paths(plan);
  const findings = findingsOf(plan, paths, limits, files.get(manifest.conductor.file)?.byteLength ?? 0);
  const each = <T>(of: (name: string, step: PlannedStep) => T[]) =>
    Object.entries(plan.steps).flatMap(([name, step]) => of(name, step));
  return {
    flow: plan.flow,
    fits: findings.every(({ verdict }) => verdict !== 'exceeds'),
    actions: actionsOf(manifest, plan),
    blocks: blocksOf(plan),
    forks: each((name) => (plan.pools[name] ? [explainFork(paths, name, plan.pools[name])] : [])),
    loops: Object.entries(plan.loops).map(([name, { first, max }]) => {
      const componentsPerTurn = paths.turn(name).components;
      const turnsPerSession = Math.floor(CONTINUE_FROM / componentsPerTurn);
      return { name, first, ...(max !== undefined && { max }), componentsPerTurn, turnsPerSession };
    }),
    attempts: each(explainAttempts),
    calls: each(explainCall),
    ...(plan.onFailure !== undefined && { onFailure: explainHandlers(plan, paths, plan.onFailure) }),
    limits: findings,
  };
}

function actionsOf({ conductor, wait, steps, sequence, package: folder }: Manifest, plan: Plan): ExplainedAction[] {
  const stepsOf = (profile: string) => Object.values(plan.steps).filter((step) => step.profile === profile).length;
  const stepActions = steps.map(({ name, profile, memoryMB, timeLimitMs }) => ({
    name: `${folder}/${name}`,
    role: stepsOf(profile) === 0 ? ('stand-in' as const) : ('steps' as const),
    memoryMB,
    timeLimitMs,
    steps: stepsOf(profile),
  }));
  const conductors = [conductor.name, `${folder}/${conductor.versioned}`];
  if (sequence) return [...conductors.map((name) => ({ name, role: 'sequence' as const })), ...stepActions];
  const limitsOf = ({ memoryMB, timeLimitMs }: typeof conductor | typeof wait) => ({ memoryMB, timeLimitMs });
  return [
    ...conductors.map((name) => ({ name, role: 'conductor' as const, ...limitsOf(conductor) })),
    ...stepActions,
    { name: `${folder}/${wait.name}`, role: 'wait', ...limitsOf(wait) },
  ];
}

function blocksOf({ steps }: Plan): Explanation['blocks'] {
  const blocks = new Map<string, Explanation['blocks'][number]>();
  for (const [name, { block, profile }] of Object.entries(steps)) {
    const found = blocks.get(block);
    if (found) found.steps.push(name);
    else blocks.set(block, { name: block, profile, steps: [name] });
  }
  return [...blocks.values()];
}

function explainFork(paths: Paths, after: string, pool: PlannedPool): ExplainedFork {
  const { kind, over, branches, first, join, concurrency, batch, minSuccess } = pool;
  const lanes = kind === 'branches' ? Math.min(concurrency, first.length) : concurrency;
  const componentsPerItem = Math.max(...first.map((step) => paths.from(step).components));
  return {
    after,
    kind,
    ...(over !== undefined && !over.startsWith(itemsArtifact('')) && { over }),
    ...(branches && { branches }),
    join,
    lanes,
    calls: lanes - 1,
    componentsPerItem,
    itemsPerSession: Math.floor(CONTINUE_FROM / componentsPerItem),
    ...(batch !== undefined && { batch }),
    ...(minSuccess && { minSuccess }),
  };
}

function explainAttempts(step: string, planned: PlannedStep): ExplainedAttempts[] {
  const { retry, catches = false } = planned;
  if (!retry && !catches) return [];
  const attempts = 1 + (retry?.times ?? 0) + (catches ? FALLBACK_ATTEMPTS : 0);
  const within = retry?.withinMs !== undefined && { withinMs: retry.withinMs };
  const pauses = retry ? pausesMs(retry) : [];
  return [{ step, attempts, pausesMs: pauses, ...within, catches, components: costOf(planned).worst }];
}

function explainCall(step: string, planned: PlannedStep): ExplainedCall[] {
  const { call } = planned;
  if (!call) return [];
  const { components } = costOf(planned);
  if ('action' in call) return [{ step, kind: 'action', name: call.action, detached: false, components }];
  const looks = call.detach ? {} : { componentsPerLook: COMPONENTS_PER_LOOK };
  return [{ step, kind: 'flow', name: call.flow, detached: call.detach, components, ...looks }];
}

function explainHandlers({ steps }: Plan, paths: Paths, first: string): NonNullable<Explanation['onFailure']> {
  const names: string[] = [];
  for (let name: string | undefined = first; name !== undefined; ) {
    names.push(name);
    const next: PlannedStep['next'] | undefined = steps[name]?.next;
    name = next && 'step' in next ? next.step : undefined;
  }
  return { steps: names, components: paths.from(first).components };
}
