import { sha256 } from '../base/hash.ts';
import { ACTION_TIME_MAX_MS } from '../contract/openwhisk.generated.ts';
import type {
  Plan,
  PlannedCache,
  PlannedCall,
  PlannedPool,
  PlannedRetry,
  PlannedStep,
  Profile,
  SourceRange,
} from '../contract/plan.ts';
import type { Body, Environment, Flow, Resources, Retry, StepSettings } from '../language/model/flow.ts';
import { sequenceObstacle } from '../language/rules/target.ts';
import type { Graph, GraphStep } from './flow-graph.ts';
import { plannedParameter } from './flow-parameters.ts';
import { isPlain, standInsOf } from './stand-ins.ts';
import { RUNTIME_MARGIN_MS } from './time-limits.ts';

/**
 * Maximum number of steps per block: a session can invoke 50 components, so a block is only entered if it can be
 * finished.
 */
export const BLOCK_STEPS_MAX = 40;

/**
 * Plans a flow: which steps share an action, and the blocks. A block is a sequence of steps that ends at a fork, a
 * join, a decision, an action or a change of profile, or when it is long enough; it is named after its first step.
 */
export function planFlow(
  flow: Flow,
  graph: Graph,
  source: Plan['source'],
  sourceMap: Record<string, SourceRange>,
  cached: ReadonlyMap<string, PlannedCache> = new Map(),
): Omit<Plan, 'hash'> {
  const profiles: Record<string, Profile> = {};
  const steps: Record<string, PlannedStep> = {};
  const blocks = new BlockNames(graph);
  for (const step of [...graph.steps, ...graph.onFailure]) {
    const { name, body, settings, retry, within, joins, next } = step;
    const { memoryMB, timeoutMs } = settings.resources;
    const batch = graph.pools.get(within.findLast((scope) => graph.pools.has(scope)) ?? '')?.batch ?? 1;
    const timeLimitMs = timeLimitOf(timeoutMs, batch);
    const { pip, image } = containerOf(settings.environment);
    const profile =
      profileName(memoryMB, timeoutMs, timeLimitMs) + environmentMark(settings.environment, flow.settings.environment);
    profiles[profile] ??= {
      memoryMB,
      timeLimitMs,
      ...(pip.length > 0 && { pip }),
      ...(image !== undefined && { image }),
    };
    const call = body && callOf(body, settings.resources);
    steps[name] = {
      block: blocks.of(step, profile),
      profile,
      timeoutMs,
      within,
      ...(joins !== undefined && { joins }),
      next,
      ...(retry && { retry: retryOf(retry) }),
      ...(body === undefined && { made: true }),
      ...(step.catch !== undefined && { catches: true }),
      ...(call ? { call } : surroundingsOf(settings)),
      ...(cached.has(name) && { cache: cached.get(name) as PlannedCache }),
    };
  }
  const isSequence = becomesSequence(flow, profiles);
  const standIns = isSequence ? [] : standInsOf(profiles);
  return {
    version: 1,
    flow: flow.name.value,
    ...(flow.description !== undefined && { description: flow.description }),
    tags: flow.tags.map((tag) => tag.value),
    start: graph.start,
    end: graph.end,
    parameters: Object.fromEntries(
      flow.parameters.map((parameter) => [parameter.name.value, plannedParameter(parameter)]),
    ),
    outputs: flow.outputs.map((output) => output.value),
    steps,
    pools: Object.fromEntries(
      [...graph.pools].map(
        ([opener, { kind, over, branches, first, last, join, concurrency, batch, minSuccess }]): [
          string,
          PlannedPool,
        ] => [
          opener,
          {
            kind,
            ...(over !== undefined && { over }),
            ...(branches && { branches }),
            first,
            last,
            join,
            concurrency,
            ...(batch !== undefined && { batch }),
            ...(minSuccess && { minSuccess }),
          },
        ],
      ),
    ),
    loops: Object.fromEntries(
      [...graph.loops].map(([scope, { first, max, pauseMs }]) => [
        scope,
        { first, ...(max !== undefined && { max }), ...(pauseMs !== undefined && { pauseMs }) },
      ]),
    ),
    ...(graph.onFailure[0] && { onFailure: graph.onFailure[0].name }),
    ...(flow.timeoutMs && { timeoutMs: flow.timeoutMs.value }),
    ...(flow.runs && { runs: flow.runs.value }),
    ...(isSequence && { isSequence: true }),
    profiles,
    ...(standIns.length > 0 && { standIns }),
    source,
    sourceMap,
  };
}

/** The part of an environment that belongs to the container and is shared by its steps. */
function containerOf({ pip, image }: Environment): { pip: string[]; image: string | undefined } {
  return { pip: pip.map(({ value }) => value).toSorted(), image: image?.value };
}

/** The part that belongs to each step; actions and flows have none. */
function surroundingsOf({ environment, secrets }: StepSettings): Pick<PlannedStep, 'vars' | 'secrets'> {
  const vars = [...environment.vars].map(([name, { value }]): [string, string] => [name, value]);
  return {
    ...(vars.length > 0 && { vars: Object.fromEntries(vars) }),
    ...(secrets.length > 0 && { secrets: secrets.map(({ value }) => value) }),
  };
}

/**
 * `auto` chooses a sequence only if every action is likely to start, because a sequence cannot fail a step whose
 * action does not.
 */
function becomesSequence(flow: Flow, profiles: Record<string, Profile>): boolean {
  if (flow.target !== 'auto') return flow.target === 'sequence';
  return sequenceObstacle(flow) === undefined && Object.values(profiles).every(isPlain);
}

/** A retry without its place. */
function retryOf({ times, backoffMs, factor, maxMs, jitter, withinMs, on }: Retry): PlannedRetry {
  const within = withinMs && { withinMs: withinMs.value };
  return { times, backoffMs, factor, maxMs, jitter, ...within, on: on.map(({ value }) => value) };
}

function callOf(body: Body, { timeoutMs, timeoutSpan }: Resources): PlannedCall | undefined {
  if (body.kind === 'action') return { action: body.action.value };
  if (body.kind !== 'flow') return undefined;
  // A called flow has its own time limit; only a limit written on this step ends the wait.
  return { flow: body.flow.value, detach: body.detach, ...(timeoutSpan && { timeoutMs }) };
}

/** Time for one attempt, or for as many consecutive items as OpenWhisk allows. */
function timeLimitOf(timeoutMs: number, batch: number): number {
  const one = timeoutMs + RUNTIME_MARGIN_MS;
  return batch === 1 ? one : Math.max(one, Math.min(batch * timeoutMs + RUNTIME_MARGIN_MS, ACTION_TIME_MAX_MS));
}

/** `p512-120s`: distinguishes profiles; `p512-60s-300s` if an activation processes several items. */
function profileName(memoryMB: number, timeoutMs: number, timeLimitMs: number): string {
  const name = `p${memoryMB}-${shortDuration(timeoutMs)}`;
  return timeLimitMs === timeoutMs + RUNTIME_MARGIN_MS ? name : `${name}-${shortDuration(timeLimitMs)}`;
}

/** Characters that distinguish the environments of a flow. */
const MARK_LENGTH = 6;

/** `-1f3a5c` if the container differs from the flow's own environment. */
function environmentMark(own: Environment, flow: Environment): string {
  const [mark, usual] = [own, flow].map((environment) => JSON.stringify(containerOf(environment))) as [string, string];
  return mark === usual ? '' : `-${sha256(mark).slice(0, MARK_LENGTH)}`;
}

function shortDuration(durationMs: number): string {
  return durationMs % 1000 === 0 ? `${durationMs / 1000}s` : `${durationMs}ms`;
}

/** Assigns steps to blocks. */
class BlockNames {
  readonly #before = new Map<string, GraphStep[]>();
  readonly #blocks = new Map<string, { name: string; profile: string; steps: number; isOpen: boolean }>();

  constructor({ steps, onFailure }: Graph) {
    for (const step of [...steps, ...onFailure]) {
      const following = 'step' in step.next ? [step.next.step] : 'choose' in step.next ? step.next.choose : [];
      for (const name of following) {
        const before = this.#before.get(name);
        if (before) before.push(step);
        else this.#before.set(name, [step]);
      }
    }
  }

  /** The block of the preceding step, if the two only lead to each other; otherwise a new one. */
  of({ name, body, next }: GraphStep, profile: string): string {
    const before = this.#before.get(name) ?? [];
    const previous = before.length === 1 ? this.#blocks.get(before[0]?.name ?? '') : undefined;
    const calls = body?.kind === 'action';
    const goesOn = previous?.isOpen && previous.profile === profile && previous.steps < BLOCK_STEPS_MAX && !calls;
    const block = goesOn ? previous.name : name;
    this.#blocks.set(name, {
      name: block,
      profile,
      steps: goesOn ? previous.steps + 1 : 1,
      isOpen: 'step' in next && !calls,
    });
    return block;
  }
}
