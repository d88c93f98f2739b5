import { formatDurationMs } from '../../base/duration.ts';
import { formatSizeMB } from '../../base/size.ts';
import type { Branches, Element, Flow, Foreach, Join, Loop, Retry, Step, Switch } from '../../language/model/flow.ts';
import { allSteps } from '../../language/model/flow.ts';
import { plain, shortCode, shortList, shortName } from './labels.ts';

/** A flow as drawn by all formats, in texts that fit on a line. */
export interface Picture {
  flow: string;
  /** Number of steps and their default resources. */
  facts: string[];
  pieces: Piece[];
  /** The `onFailure` steps, drawn separately. */
  onFailure: Piece[];
}

export type Piece = StepPiece | ForkPiece | SwitchPiece | LoopPiece;

export interface StepPiece {
  kind: 'step';
  /** Python of the flow, an OpenWhisk action, or another flow. */
  does: 'python' | 'action' | 'flow';
  name: string;
  /** What it invokes, how it is retried, and resources that differ from the defaults. */
  facts: string[];
}

export interface ForkPiece {
  kind: 'foreach' | 'branches';
  /** `foreach title in titles`, `3 branches` */
  title: string;
  facts: string[];
  lanes: Lane[];
  /** Absent if artifacts are merged. */
  join?: StepPiece;
}

/** One of its lanes is taken; an empty one bypasses it. */
export interface SwitchPiece {
  kind: 'switch';
  /** `switch best` */
  title: string;
  facts: string[];
  lanes: Lane[];
}

/** `while` is tested before each turn, `until` after it. */
export interface LoopPiece {
  kind: 'while' | 'until';
  /** `while self.error > 0.01` */
  title: string;
  facts: string[];
  pieces: Piece[];
}

export interface Lane {
  /** Name of the branch or case. */
  name?: string;
  pieces: Piece[];
}

/** Replaces an implicit join. */
export const MERGE_LABEL = 'merge artifacts';

/** Title of the `onFailure` steps. */
export const ON_FAILURE = 'when the run fails';

/** A flow as written, without synthetic steps. */
export function pictureOf(flow: Flow): Picture {
  const { memoryMB, timeoutMs } = flow.settings.resources;
  return {
    flow: plain(flow.name.value),
    facts: [
      count([...allSteps(flow)].length, 'step'),
      `each ${formatSizeMB(memoryMB)}, ${formatDurationMs(timeoutMs)}`,
      ...(flow.timeoutMs ? [`a run ${formatDurationMs(flow.timeoutMs.value)}`] : []),
    ],
    pieces: drawAll(flow.steps, flow),
    onFailure: drawAll(flow.onFailure, flow),
  };
}

function drawAll(elements: readonly Element[], flow: Flow): Piece[] {
  return elements.map((element) => {
    switch (element.kind) {
      case 'step':
        return drawStep(element, flow);
      case 'foreach':
        return drawForeach(element, flow);
      case 'branches':
        return drawBranches(element, flow);
      case 'switch':
        return drawSwitch(element, flow);
      default:
        return drawLoop(element, flow);
    }
  });
}

function drawStep(step: Step, flow: Flow): StepPiece {
  const { name, body } = step;
  const facts = attemptFacts(step, flow);
  if (body.kind === 'action') {
    return {
      kind: 'step',
      does: 'action',
      name: shortName(name.value),
      facts: [shortName(body.action.value), ...facts],
    };
  }
  if (body.kind === 'flow') {
    const invoked = `${shortName(body.flow.value)}${body.detach ? ', not waited for' : ''}`;
    return { kind: 'step', does: 'flow', name: shortName(name.value), facts: [`flow ${invoked}`, ...facts] };
  }
  return { kind: 'step', does: 'python', name: shortName(name.value), facts };
}

function drawForeach(element: Foreach, flow: Flow): ForkPiece {
  const { over, as, concurrency, batch, onEmpty, onError, minSuccess, steps, join } = element;
  const items =
    over.kind === 'artifact'
      ? shortName(over.name.value)
      : over.kind === 'list'
        ? `[${shortList(over.values)}]`
        : shortCode(over.code.text);
  const facts = [`${concurrency.value} at once`];
  if (batch > 1) facts.push(`batches of ${batch}`);
  if (onEmpty === 'skip') facts.push('skipped if empty');
  if (onError === 'collect') facts.push(`${leastSuccess(minSuccess?.value)} must succeed`);
  return {
    kind: 'foreach',
    title: as ? `foreach ${shortName(as.value)} in ${items}` : `foreach ${items}`,
    facts,
    lanes: [{ pieces: drawAll(steps, flow) }],
    ...(join && { join: drawJoin(join, flow) }),
  };
}

/** The default of the language. */
function leastSuccess(least: { count: number } | { part: number } = { count: 1 }): string {
  return 'count' in least ? String(least.count) : `${least.part * 100}%`;
}

function drawBranches({ branches, concurrency, join }: Branches, flow: Flow): ForkPiece {
  return {
    kind: 'branches',
    title: `${branches.length} branches`,
    facts: concurrency.value < branches.length ? [`${concurrency.value} at once`] : [],
    lanes: branches.map(({ name, steps }) => ({ name: shortName(name.value), pieces: drawAll(steps, flow) })),
    ...(join && { join: drawJoin(join, flow) }),
  };
}

function drawJoin(join: Join, flow: Flow): StepPiece {
  const collected = join.collect.length === 0 ? [] : [`collect ${shortList(join.collect.map(({ value }) => value))}`];
  const [name = 'join', ...facts] = join.name ? [shortName(join.name.value), ...collected] : collected;
  return { kind: 'step', does: 'python', name, facts: [...facts, ...attemptFacts(join, flow)] };
}

function drawSwitch({ on, cases, default: fallback }: Switch, flow: Flow): SwitchPiece {
  const lanes = cases.map(({ value, steps }) => ({
    name: caseName(value.value),
    pieces: drawAll(steps, flow),
  }));
  if (fallback) lanes.push({ name: 'default', pieces: drawAll(fallback, flow) });
  return {
    kind: 'switch',
    title: `switch ${on.kind === 'artifact' ? shortName(on.name.value) : shortCode(on.code.text)}`,
    facts: fallback ? [] : ['others fail'],
    lanes,
  };
}

function caseName(value: unknown): string {
  return value === '' ? '""' : shortName(String(value));
}

function drawLoop({ kind, condition, max, steps }: Loop, flow: Flow): LoopPiece {
  return {
    kind,
    title: `${kind} ${shortCode(condition.text)}`,
    facts: [max ? `at most ${count(max.value, 'turn')}` : 'no limit'],
    pieces: drawAll(steps, flow),
  };
}

function attemptFacts({ resources, retry, catch: caught }: Step | Join, { settings }: Flow): string[] {
  const { memoryMB, timeoutMs } = resources;
  return [
    ...(memoryMB === settings.resources.memoryMB ? [] : [formatSizeMB(memoryMB)]),
    ...(timeoutMs === settings.resources.timeoutMs ? [] : [formatDurationMs(timeoutMs)]),
    ...(retry ? [retryFact(retry)] : []),
    ...(caught ? [`catch ${shortName(caught.value)}`] : []),
  ];
}

function retryFact({ times, on }: Retry): string {
  return `retry ${times}×${on.length === 0 ? '' : ` on ${shortList(on.map(({ value }) => value))}`}`;
}

function count(number: number, thing: string): string {
  return `${number} ${thing}${number === 1 ? '' : 's'}`;
}
