import { RUNTIME_MARGIN_MS } from '../../compile/plan.ts';
import { formatDurationMs } from '../../model/duration.ts';
import { ENVELOPE_MAX_BYTES } from '../../model/envelope.ts';
import type { Bundle } from '../../model/manifest.ts';
import type { Plan, PlannedPool, Profile } from '../../model/plan.ts';
import { formatSizeMB } from '../../model/size.ts';
import { envelopeBoundBytes } from './envelope-bound.ts';
import {
  ACTION_CODE_MAX_BYTES,
  ACTION_MEMORY_MAX_MB,
  ACTION_TIME_MAX_MS,
  ACTIVATIONS_AT_ONCE_MAX,
  CALLS_PER_MINUTE_MAX,
  COMPONENTS_MAX,
  CONTINUE_FROM,
  OUTPUTS_MAX_BYTES,
  RESULT_MAX_BYTES,
} from './limits.ts';
import { walkFork, walkFrom } from './paths.ts';

/** What a flow becomes on OpenWhisk, and whether it fits there. */
export interface Explanation {
  flow: string;
  /** Whether no limit is exceeded. */
  fits: boolean;
  actions: ExplainedAction[];
  blocks: { name: string; profile: string; steps: string[] }[];
  forks: ExplainedFork[];
  limits: Finding[];
}

export interface ExplainedAction {
  name: string;
  role: 'conductor' | 'steps' | 'wait';
  memoryMB: number;
  timeLimitMs: number;
  /** Of a step action: how many steps share it. */
  steps?: number;
}

export interface ExplainedFork {
  /** The step that opens it. */
  after: string;
  kind: 'foreach' | 'branches';
  over?: string;
  branches?: string[];
  join: string;
  /** Sessions that work it at once, at most. */
  lanes: number;
  /** Throttled calls to start them, each time it is reached. */
  calls: number;
  /** Components that an item needs, at most; forks in it count as one item a lane. */
  componentsPerItem: number;
  /** Items after which a lane hands over to a fresh session, by one more throttled call; 0: within an item already. */
  itemsPerSession: number;
}

/** `slower`: more than OpenWhisk does at once, which delays a run and fails none. */
export type Verdict = 'fits' | 'slower' | 'exceeds';

export interface Finding {
  limit: 'components' | 'continuations' | 'lanes' | 'calls' | 'time' | 'memory' | 'envelope' | 'result' | 'code';
  verdict: Verdict;
  /** What the flow needs at most, in the unit of the limit: components, calls, ms, MB or bytes. */
  needs: number;
  max?: number;
  /** The steps that need it, where the flow comes to the limit. */
  steps?: string[];
  /** One sentence for people. */
  text: string;
}

/** Explains a bundle by OpenWhisk's default limits. */
export function explain({ manifest, plan, files }: Bundle): Explanation {
  const { conductor, wait, steps } = manifest;
  const stepsOf = (action: string) =>
    Object.values(plan.steps).filter(({ profile }) => plan.profiles[profile]?.action === action).length;
  const forks = Object.keys(plan.steps).flatMap((after) => {
    const pool = plan.pools[after];
    return pool ? [explainFork(plan, after, pool)] : [];
  });
  const limits = [
    ...sessionFindings(plan),
    timeFinding(plan),
    memoryFinding(plan),
    envelopeFinding(plan),
    resultFinding(),
    codeFinding(files.get(conductor.file)?.byteLength ?? 0),
  ];
  return {
    flow: plan.flow,
    fits: limits.every(({ verdict }) => verdict !== 'exceeds'),
    actions: [
      { name: conductor.name, role: 'conductor', memoryMB: conductor.memoryMB, timeLimitMs: conductor.timeLimitMs },
      ...steps.map(({ name, memoryMB, timeLimitMs }) => ({
        name: `${manifest.package}/${name}`,
        role: 'steps' as const,
        memoryMB,
        timeLimitMs,
        steps: stepsOf(name),
      })),
      {
        name: `${manifest.package}/${wait.name}`,
        role: 'wait',
        memoryMB: wait.memoryMB,
        timeLimitMs: wait.timeLimitMs,
      },
    ],
    blocks: blocksOf(plan),
    forks,
    limits,
  };
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

function explainFork(plan: Plan, after: string, pool: PlannedPool): ExplainedFork {
  const { kind, over, branches, first, join, concurrency } = pool;
  const lanes = kind === 'branches' ? Math.min(concurrency, first.length) : concurrency;
  const componentsPerItem = Math.max(...first.map((step) => walkFrom(plan, step).components));
  return {
    after,
    kind,
    ...(over !== undefined && { over }),
    ...(branches && { branches }),
    join,
    lanes,
    calls: lanes - 1,
    componentsPerItem,
    itemsPerSession: Math.floor(CONTINUE_FROM / componentsPerItem),
  };
}

/** What sessions and the calls that start them need. Neither length nor width can fail a run: they cost sessions and time. */
function sessionFindings(plan: Plan): Finding[] {
  const { components, lanes } = walkFrom(plan, plan.start);
  const continuations = Math.ceil(components / CONTINUE_FROM) - 1;
  const widest = Object.entries(plan.pools).reduce<{ after?: string; lanes: number }>(
    (most, [after, pool]) => {
      const found = walkFork(plan, pool).lanes;
      return found > most.lanes ? { after, lanes: found } : most;
    },
    { lanes: 1 },
  );
  const opener = widest.after === undefined ? {} : { steps: [widest.after] };
  const used = Math.min(components, CONTINUE_FROM);
  return [
    {
      limit: 'components',
      verdict: 'fits',
      needs: used,
      max: COMPONENTS_MAX,
      text:
        continuations === 0
          ? `${used}, of ${COMPONENTS_MAX}`
          : `${CONTINUE_FROM}, of ${COMPONENTS_MAX}; then it hands over to a fresh one`,
    },
    {
      limit: 'continuations',
      verdict: 'fits',
      needs: continuations,
      text: `${continuations === 0 ? 'none' : continuations} on the longest path, ${count(components, 'step')} long${
        Object.values(plan.pools).some(({ kind }) => kind === 'foreach') ? ', with one item a lane' : ''
      }`,
    },
    {
      limit: 'lanes',
      verdict: lanes > ACTIVATIONS_AT_ONCE_MAX ? 'slower' : 'fits',
      needs: lanes,
      max: ACTIVATIONS_AT_ONCE_MAX,
      ...(lanes > ACTIVATIONS_AT_ONCE_MAX && opener),
      text:
        lanes > ACTIVATIONS_AT_ONCE_MAX
          ? `up to ${digits(lanes)} at once after ${widest.after}, of ${ACTIVATIONS_AT_ONCE_MAX}: refused ones only make it slower`
          : `up to ${lanes} at once, of ${ACTIVATIONS_AT_ONCE_MAX}`,
    },
    {
      limit: 'calls',
      verdict: lanes > CALLS_PER_MINUTE_MAX ? 'slower' : 'fits',
      needs: lanes,
      max: CALLS_PER_MINUTE_MAX,
      ...(lanes > CALLS_PER_MINUTE_MAX && opener),
      text: `up to ${digits(lanes)} to start a run and its lanes, of ${CALLS_PER_MINUTE_MAX} a minute${
        lanes > CALLS_PER_MINUTE_MAX ? ': refused ones only make it slower' : ''
      }`,
    },
  ];
}

function timeFinding({ steps, profiles }: Plan): Finding {
  const longest = Math.max(...Object.values(steps).map(({ timeoutMs }) => timeoutMs));
  const over = (limitMs: number) => stepsWhere(steps, ({ timeoutMs }) => timeoutMs > limitMs);
  const [limit, margin] = [formatDurationMs(ACTION_TIME_MAX_MS), formatDurationMs(RUNTIME_MARGIN_MS)];
  const finding = { limit: 'time' as const, needs: longestAction(profiles), max: ACTION_TIME_MAX_MS };
  const tooLong = over(ACTION_TIME_MAX_MS);
  if (tooLong.length > 0) {
    const text = `${named(tooLong)} cannot have ${formatDurationMs(longest)}: an action has ${limit}`;
    return { ...finding, verdict: 'exceeds', steps: tooLong, text };
  }
  const squeezed = over(ACTION_TIME_MAX_MS - RUNTIME_MARGIN_MS);
  if (squeezed.length > 0) {
    const left = formatDurationMs(ACTION_TIME_MAX_MS - RUNTIME_MARGIN_MS);
    const text = `${named(squeezed)} can count on ${left} of ${formatDurationMs(longest)}: an action has ${limit}, and the runtime needs ${margin}`;
    return { ...finding, verdict: 'exceeds', steps: squeezed, text };
  }
  const text = `the longest step has ${formatDurationMs(longest)}, and ${margin} for the runtime, of ${limit}`;
  return { ...finding, verdict: 'fits', text };
}

function memoryFinding({ steps, profiles }: Plan): Finding {
  const most = Math.max(...Object.values(profiles).map(({ memoryMB }) => memoryMB));
  const tooMuch = stepsWhere(steps, ({ profile }) => (profiles[profile]?.memoryMB ?? 0) > ACTION_MEMORY_MAX_MB);
  const max = formatSizeMB(ACTION_MEMORY_MAX_MB);
  const finding = { limit: 'memory' as const, needs: most, max: ACTION_MEMORY_MAX_MB };
  if (tooMuch.length === 0) return { ...finding, verdict: 'fits', text: `at most ${formatSizeMB(most)}, of ${max}` };
  const text = `${named(tooMuch)} cannot have ${formatSizeMB(most)}: an action has ${max}`;
  return { ...finding, verdict: 'exceeds', steps: tooMuch, text };
}

function envelopeFinding(plan: Plan): Finding {
  const bounds = Object.keys(plan.steps).map((step) => ({ step, bytes: envelopeBoundBytes(plan, step) }));
  const largest = bounds.reduce((most, bound) => (bound.bytes > most.bytes ? bound : most));
  const finding = { limit: 'envelope' as const, needs: largest.bytes, max: ENVELOPE_MAX_BYTES };
  if (largest.bytes <= ENVELOPE_MAX_BYTES) {
    const text = `at most ${largest.bytes} bytes pass through the controller, of ${ENVELOPE_MAX_BYTES}`;
    return { ...finding, verdict: 'fits', text };
  }
  const steps = bounds.filter(({ bytes }) => bytes > ENVELOPE_MAX_BYTES).map(({ step }) => step);
  const text = `${named(steps)} can need ${largest.bytes} bytes of ${ENVELOPE_MAX_BYTES}: nested too deep, or its name is too long`;
  return { ...finding, verdict: 'exceeds', steps, text };
}

function resultFinding(): Finding {
  const text = `outputs up to ${size(OUTPUTS_MAX_BYTES)} are in the answer, of ${size(RESULT_MAX_BYTES)}; longer ones are in S3 only`;
  return { limit: 'result', verdict: 'fits', needs: OUTPUTS_MAX_BYTES, max: RESULT_MAX_BYTES, text };
}

function codeFinding(bytes: number): Finding {
  const verdict = bytes > ACTION_CODE_MAX_BYTES ? 'exceeds' : 'fits';
  const text = `the conductor has ${size(bytes)}, of ${size(ACTION_CODE_MAX_BYTES)}`;
  return { limit: 'code', verdict, needs: bytes, max: ACTION_CODE_MAX_BYTES, text };
}

function longestAction(profiles: Record<string, Profile>): number {
  return Math.max(...Object.values(profiles).map(({ timeLimitMs }) => timeLimitMs));
}

function stepsWhere(steps: Plan['steps'], test: (step: Plan['steps'][string]) => boolean): string[] {
  return Object.entries(steps)
    .filter(([, step]) => test(step))
    .map(([name]) => name);
}

/** As many names as a line holds. */
const STEPS_NAMED_MAX = 5;

function named(steps: readonly string[]): string {
  const more = steps.length - STEPS_NAMED_MAX;
  return `${steps.slice(0, STEPS_NAMED_MAX).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function count(number: number, thing: string): string {
  return `${number} ${thing}${number === 1 ? '' : 's'}`;
}

/** `12,345` */
function digits(number: number): string {
  return number.toLocaleString('en');
}

function size(bytes: number): string {
  const sizeKB = Math.ceil(bytes / 1024);
  return sizeKB % 1024 === 0 ? `${sizeKB / 1024} MB` : `${digits(sizeKB)} kB`;
}
