import type { Node } from 'yaml';
import { isMap, isScalar } from 'yaml';
import { parseSizeMB } from '../../../base/size.ts';
import type { PlannedRuns } from '../../../contract/plan.ts';
import type { Environment, Located, Resources, Retry, StepSettings } from '../../model/flow.ts';
import {
  MEMORY_DEFAULT_MB,
  RETRY_BACKOFF_DEFAULT_MS,
  RETRY_FACTOR_DEFAULT,
  RETRY_JITTER_DEFAULT,
  RETRY_PAUSE_DEFAULT_MAX_MS,
  RETRY_TIMES_DEFAULT,
  TIMEOUT_DEFAULT_MS,
} from '../../model/flow.ts';
import { distributionOf } from '../../model/requirement.ts';
import { spanOf, textOf } from '../nodes.ts';
import type { Reading } from './reading.ts';

/** Defaults for settings that neither a step nor the flow defines. */
export const SETTINGS_DEFAULT: StepSettings = {
  resources: { memoryMB: MEMORY_DEFAULT_MB, timeoutMs: TIMEOUT_DEFAULT_MS },
  environment: { vars: new Map(), pip: [] },
  secrets: [],
};

/** The resources, environment and secrets of a step or flow, combined with the enclosing ones. */
export function readSettings(reading: Reading, node: Node, inherited: StepSettings): StepSettings {
  return {
    resources: readResources(reading, reading.at(node, 'resources'), inherited.resources),
    environment: readEnvironment(reading, reading.at(node, 'environment'), inherited.environment),
    secrets: added(inherited.secrets, reading.texts(reading.at(node, 'secrets')), (name) => name),
  };
}

function readResources(reading: Reading, node: Node | undefined, { memoryMB, timeoutMs }: Resources): Resources {
  const resources: Resources = { memoryMB, timeoutMs };
  const memory = reading.at(node, 'memory');
  if (isScalar(memory) && memory.value !== null) {
    const size = parseSizeMB(memory.value);
    const span = spanOf(memory);
    if (size !== undefined) Object.assign(resources, { memoryMB: size, memorySpan: span });
    else reading.report.error('bad-size', span, `invalid memory size "${memory.value}"`, 'write 512, 512Mi or 1Gi');
  }
  const timeout = reading.durationMs(reading.at(node, 'timeout'));
  if (timeout) Object.assign(resources, { timeoutMs: timeout.value, timeoutSpan: timeout.span });
  return resources;
}

function readEnvironment(reading: Reading, node: Node | undefined, inherited: Environment): Environment {
  const vars = reading.entries(reading.at(node, 'vars')).flatMap(({ key, keySpan, node: value }) => {
    // As written: 1.10 is not a number here.
    const text = isScalar(value) && value.value !== null ? (textOf(value) ?? value.source) : undefined;
    return text === undefined ? [] : [[key, { value: text, span: keySpan }] as const];
  });
  const image = reading.text(reading.at(node, 'image')) ?? inherited.image;
  return {
    vars: new Map([...inherited.vars, ...vars]),
    pip: added(inherited.pip, reading.texts(reading.at(node, 'pip')), distributionOf),
    ...(image && { image }),
  };
}

/** The enclosing entries, then its own, without duplicates. */
function added(
  inherited: Located<string>[],
  own: Located<string>[],
  nameOf: (value: string) => string,
): Located<string>[] {
  const names = new Set(own.map(({ value }) => nameOf(value)));
  return [...inherited.filter(({ value }) => !names.has(nameOf(value))), ...own];
}

/** `runs: { atOnce: 1, then: skip }`. */
export function readRuns(reading: Reading, node: Node | undefined): Located<PlannedRuns> | undefined {
  const atOnce = reading.number(reading.at(node, 'atOnce'));
  if (!node || !atOnce) return undefined;
  const beyond = reading.text(reading.at(node, 'then'))?.value as PlannedRuns['beyond'] | undefined;
  return { value: { atOnce: atOnce.value, beyond: beyond ?? 'queue' }, span: spanOf(node) };
}

/** `retry: 3`, or a mapping. */
export function readRetry(reading: Reading, owner: Node): Retry | undefined {
  const node = reading.at(owner, 'retry');
  if (!node) return undefined;
  const brief = reading.number(node);
  if (!brief && !isMap(node)) return undefined;
  const part = (key: string) => reading.at(node, key);
  const backoff = part('backoff');
  const within = reading.durationMs(part('within'));
  // Zero is not a valid duration, but a valid pause.
  const none = isScalar(backoff) && Number.parseFloat(String(backoff.value)) === 0;
  return {
    times: brief?.value ?? reading.number(part('times'))?.value ?? RETRY_TIMES_DEFAULT,
    backoffMs: none ? 0 : (reading.durationMs(backoff)?.value ?? RETRY_BACKOFF_DEFAULT_MS),
    factor: reading.number(part('factor'))?.value ?? RETRY_FACTOR_DEFAULT,
    maxMs: reading.durationMs(part('max'))?.value ?? RETRY_PAUSE_DEFAULT_MAX_MS,
    jitter: reading.number(part('jitter'))?.value ?? RETRY_JITTER_DEFAULT,
    ...(within && { withinMs: within }),
    on: reading.texts(part('on')),
    span: spanOf(brief ? node : (part('times') ?? node)),
  };
}
