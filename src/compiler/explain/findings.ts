import { count, digits, named, size } from '../../base/counts.ts';
import { formatDurationMs } from '../../base/duration.ts';
import { formatSizeMB } from '../../base/size.ts';
import {
  ACTION_CODE_MAX_BYTES,
  PAYLOAD_MAX_BYTES,
  SESSION_COMPONENTS_MAX,
} from '../../contract/openwhisk.generated.ts';
import type { Plan, PlannedStep, Profile } from '../../contract/plan.ts';
import {
  CALL_ANSWER_MAX_BYTES,
  CALL_ARGUMENTS_MAX_BYTES,
  CONTINUE_FROM,
  ENVELOPE_MAX_BYTES,
  OUTPUTS_MAX_BYTES,
  PARAMETERS_MAX_BYTES,
} from '../../contract/protocol.generated.ts';
import { RUNTIME_MARGIN_MS } from '../time-limits.ts';
import { envelopeBounds } from './envelope-bound.ts';
import type { AssumedLimits } from './limits.ts';
import type { Paths } from './paths.ts';

/** `slower`: exceeds what OpenWhisk does at once, which delays a run but does not fail it. */
export type Verdict = 'fits' | 'slower' | 'exceeds';

export interface Finding {
  limit:
    | 'components'
    | 'continuations'
    | 'lanes'
    | 'calls'
    | 'time'
    | 'memory'
    | 'envelope'
    | 'payload'
    | 'result'
    | 'code';
  verdict: Verdict;
  /** Maximum need of the flow, in the unit of the limit: components, calls, ms, MB or bytes. */
  needs: number;
  max?: number;
  /** The steps that need it, if the flow reaches the limit. */
  steps?: string[];
  /** One sentence. */
  text: string;
}

/** Compares what a flow needs with each of OpenWhisk's limits. */
export function findingsOf(plan: Plan, paths: Paths, limits: AssumedLimits, conductorBytes: number): Finding[] {
  const session = [componentsFinding(plan, paths, limits), continuationsFinding(plan, paths)];
  return [
    ...(plan.isSequence ? [sequenceFinding(plan, limits)] : session),
    lanesFinding(plan, paths, limits),
    callsFinding(plan, paths, limits),
    timeFinding(plan, limits),
    memoryFinding(plan, limits),
    envelopeFinding(plan),
    ...payloadFinding(plan),
    resultFinding(),
    ...(plan.isSequence ? [] : [codeFinding(conductorBytes)]),
  ];
}

/** Neither length nor width can fail a run; they cost sessions and time. */
function componentsFinding(plan: Plan, paths: Paths, { components: max }: AssumedLimits): Finding {
  const { worst, isOpen } = paths.from(plan.start);
  const isLong = isOpen || worst > CONTINUE_FROM;
  const used = isLong ? CONTINUE_FROM : worst;
  const finding = { limit: 'components' as const, needs: used, max };
  const most = isLong ? SESSION_COMPONENTS_MAX : used;
  if (most > max) {
    const text = `a session can use ${most} of ${max}: nuvopipe expects ${SESSION_COMPONENTS_MAX}, the default of OpenWhisk`;
    return { ...finding, verdict: 'exceeds', needs: most, text };
  }
  const text = isLong ? `${used} of ${max}; a new session then takes over` : `${used} of ${max}`;
  return { ...finding, verdict: 'fits', text };
}

/** A native sequence cannot hand over, so its steps must fit. */
function sequenceFinding({ steps }: Plan, { components: max }: AssumedLimits): Finding {
  const needs = Object.keys(steps).length;
  const finding = { limit: 'components' as const, needs, max };
  if (needs <= max) return { ...finding, verdict: 'fits', text: `${needs} of ${max}` };
  const over = Object.keys(steps).slice(max);
  const text = `a sequence can have ${max} steps; ${named(over)} ${over.length === 1 ? 'exceeds' : 'exceed'} this`;
  return { ...finding, verdict: 'exceeds', steps: over, text };
}

function continuationsFinding(plan: Plan, paths: Paths): Finding {
  const { components, worst, isOpen } = paths.from(plan.start);
  const [usual, most] = [continuations(components), continuations(worst)];
  const assumed = [
    ...(Object.values(plan.pools).some(({ kind }) => kind === 'foreach') ? ['1 item per lane'] : []),
    ...(Object.values(plan.loops).some(({ max }) => max === undefined) ? ['1 turn per loop without max'] : []),
    ...(waitsForFlows(plan).length > 0 ? ['1 check per called flow'] : []),
  ];
  const worstCase = waitsForFlows(plan).length > 0 ? 'in the worst case' : 'if only the last attempts succeed';
  const sentences = [
    `${usual === 0 ? 'none' : digits(usual)} on the longest path (${count(components, 'component')})`,
    ...(worst > components ? [`${most === 0 ? 'none' : digits(most)} and ${digits(worst)} ${worstCase}`] : []),
  ];
  const text = `${sentences.join(', ')}${assumed.length > 0 ? `, with ${assumed.join(', ')}` : ''}`;
  return { limit: 'continuations', verdict: 'fits', needs: most, text: isOpen ? `${text}; more may follow` : text };
}

function continuations(components: number): number {
  return Math.ceil(components / CONTINUE_FROM) - 1;
}

function lanesFinding(plan: Plan, paths: Paths, { activationsAtOnce: max }: AssumedLimits): Finding {
  const { lanes } = paths.from(plan.start);
  const finding = { limit: 'lanes' as const, needs: lanes, max };
  if (lanes <= max) return { ...finding, verdict: 'fits', text: `up to ${digits(lanes)} of ${digits(max)} at once` };
  const after = widestFork(plan, paths);
  const text = `up to ${digits(lanes)} of ${digits(max)} at once, after ${after}: refused lanes only slow the run down`;
  return { ...finding, verdict: 'slower', steps: [after], text };
}

function callsFinding(plan: Plan, paths: Paths, { callsPerMinute: max }: AssumedLimits): Finding {
  const { lanes, starts } = paths.from(plan.start);
  const calls = lanes + starts;
  const flows = Object.entries(plan.steps).flatMap(([name, { call }]) => (call && 'flow' in call ? [name] : []));
  const finding = { limit: 'calls' as const, needs: calls, max };
  const what = starts > 0 ? `a run, its lanes and ${count(starts, 'flow')} (${named(flows)})` : 'a run and its lanes';
  const text = `up to ${digits(calls)} to start ${what}, of ${digits(max)} per minute`;
  if (calls <= max) return { ...finding, verdict: 'fits', text };
  const steps = lanes > 1 ? [widestFork(plan, paths)] : flows;
  return { ...finding, verdict: 'slower', steps, text: `${text}: refused calls only slow the run down` };
}

/** The step that opens the widest fork. */
function widestFork({ pools }: Plan, paths: Paths): string {
  const forks = Object.entries(pools).map(([opener, pool]) => ({ opener, lanes: paths.fork(pool).lanes }));
  return forks.reduce((most, fork) => (fork.lanes > most.lanes ? fork : most)).opener;
}

/** Steps that wait for a flow without a time limit. */
function waitsForFlows({ steps }: Plan): string[] {
  return stepsWhere(steps, ({ call }) => call !== undefined && 'flow' in call && !call.detach);
}

function timeFinding({ steps, profiles }: Plan, { actionTimeMs }: AssumedLimits): Finding {
  const longest = Math.max(...Object.values(steps).map(({ timeoutMs }) => timeoutMs));
  const over = (limitMs: number) => stepsWhere(steps, ({ timeoutMs }) => timeoutMs > limitMs);
  const [limit, margin] = [formatDurationMs(actionTimeMs), formatDurationMs(RUNTIME_MARGIN_MS)];
  const finding = { limit: 'time' as const, needs: longestAction(profiles), max: actionTimeMs };
  const tooLong = over(actionTimeMs);
  if (tooLong.length > 0) {
    const text = `${named(tooLong)} cannot have ${formatDurationMs(longest)}: the limit is ${limit}`;
    return { ...finding, verdict: 'exceeds', steps: tooLong, text };
  }
  const squeezed = over(actionTimeMs - RUNTIME_MARGIN_MS);
  if (squeezed.length > 0) {
    const left = formatDurationMs(actionTimeMs - RUNTIME_MARGIN_MS);
    const text = `${named(squeezed)} can use only ${left} of ${formatDurationMs(longest)}: the limit is ${limit}, and the runtime needs ${margin}`;
    return { ...finding, verdict: 'exceeds', steps: squeezed, text };
  }
  const text = `the longest step has ${formatDurationMs(longest)}, plus ${margin} for the runtime, of ${limit}`;
  return { ...finding, verdict: 'fits', text };
}

function memoryFinding({ steps, profiles }: Plan, { actionMemoryMB }: AssumedLimits): Finding {
  const most = Math.max(...Object.values(profiles).map(({ memoryMB }) => memoryMB));
  const tooMuch = stepsWhere(steps, ({ profile }) => (profiles[profile]?.memoryMB ?? 0) > actionMemoryMB);
  const max = formatSizeMB(actionMemoryMB);
  const finding = { limit: 'memory' as const, needs: most, max: actionMemoryMB };
  if (tooMuch.length === 0) return { ...finding, verdict: 'fits', text: `at most ${formatSizeMB(most)} of ${max}` };
  const text = `${named(tooMuch)} cannot have ${formatSizeMB(most)}: the limit is ${max}`;
  return { ...finding, verdict: 'exceeds', steps: tooMuch, text };
}

function envelopeFinding(plan: Plan): Finding {
  const bounds = [...envelopeBounds(plan)];
  const largest = Math.max(...bounds.map(([, bytes]) => bytes));
  const finding = { limit: 'envelope' as const, needs: largest, max: ENVELOPE_MAX_BYTES };
  if (largest <= ENVELOPE_MAX_BYTES) {
    const text = `at most ${largest} of ${digits(ENVELOPE_MAX_BYTES)} bytes`;
    return { ...finding, verdict: 'fits', text };
  }
  const steps = bounds.filter(([, bytes]) => bytes > ENVELOPE_MAX_BYTES).map(([step]) => step);
  const text = `${named(steps)} can need ${largest} bytes (limit ${ENVELOPE_MAX_BYTES}): too many nested forks or too long names`;
  return { ...finding, verdict: 'exceeds', steps, text };
}

/** Arguments and answers of actions pass through the controller, as do the parameters of called flows. */
function payloadFinding({ steps }: Plan): Finding[] {
  const actions = stepsWhere(steps, ({ call }) => call !== undefined && 'action' in call);
  const flows = stepsWhere(steps, ({ call }) => call !== undefined && 'flow' in call);
  const sentences = [
    ...(actions.length === 0
      ? []
      : [
          `arguments of ${named(actions)} can have ${bytes(CALL_ARGUMENTS_MAX_BYTES)}, answers ${bytes(CALL_ANSWER_MAX_BYTES)}`,
        ]),
    ...(flows.length === 0 ? [] : [`parameters of ${named(flows)} can have ${bytes(PARAMETERS_MAX_BYTES)}`]),
  ];
  if (sentences.length === 0) return [];
  const needs = actions.length === 0 ? PARAMETERS_MAX_BYTES : CALL_ARGUMENTS_MAX_BYTES;
  const text = `${sentences.join('; ')}: a step that exceeds this fails`;
  return [{ limit: 'payload', verdict: 'fits', needs, max: PAYLOAD_MAX_BYTES, text }];
}

function bytes(number: number): string {
  return `${digits(number)} bytes`;
}

function resultFinding(): Finding {
  const text = `the answer can hold ${size(OUTPUTS_MAX_BYTES)} of outputs (limit ${size(PAYLOAD_MAX_BYTES)}); larger ones are stored in S3 only`;
  return { limit: 'result', verdict: 'fits', needs: OUTPUTS_MAX_BYTES, max: PAYLOAD_MAX_BYTES, text };
}

function codeFinding(codeBytes: number): Finding {
  const verdict = codeBytes > ACTION_CODE_MAX_BYTES ? 'exceeds' : 'fits';
  const text = `the conductor has ${size(codeBytes)} of ${size(ACTION_CODE_MAX_BYTES)}`;
  return { limit: 'code', verdict, needs: codeBytes, max: ACTION_CODE_MAX_BYTES, text };
}

function longestAction(profiles: Record<string, Profile>): number {
  return Math.max(...Object.values(profiles).map(({ timeLimitMs }) => timeLimitMs));
}

function stepsWhere(steps: Plan['steps'], test: (step: PlannedStep) => boolean): string[] {
  return Object.entries(steps)
    .filter(([, step]) => test(step))
    .map(([name]) => name);
}
