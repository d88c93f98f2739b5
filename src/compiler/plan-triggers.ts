import { sha256 } from '../base/hash.ts';
import { toJson } from '../base/json.ts';
import { ALARMS_PACKAGE, type ManifestTrigger } from '../contract/manifest.ts';
import { ENTITY_NAME_MAX_LENGTH } from '../contract/openwhisk.generated.ts';
import { alarmCron, isUtc, readCron } from '../language/model/cron.ts';
import type { Flow, Schedule, TriggerSource } from '../language/model/flow.ts';
import { sentValue } from '../language/model/parameters.ts';

/** Characters that distinguish names. */
const MARK_LENGTH = 6;

/** What starts a flow automatically: a trigger and a rule per schedule and per entry of `on`. */
export function planTriggers(flow: Flow): ManifestTrigger[] {
  const name = flow.name.value;
  const taken = new Set<string>();
  return [...planSchedules(flow), ...flow.triggers.map((source) => planSource(source, name, taken))];
}

/**
 * Schedules are named by their times, so that a paused one stays paused when other parts change: `F.schedule-1a2b3c`.
 * If several have the same times, their parameters are added, then a number.
 */
function planSchedules(flow: Flow): ManifestTrigger[] {
  const planned = flow.schedules.map((schedule) => planSchedule(schedule, flow));
  const timeOf = ({ parameters: { cron, timezone } }: (typeof planned)[number]) => markOf([cron, timezone]);
  const taken = new Set<string>();
  return planned.map((trigger) => {
    const isOnlyOne = planned.filter((other) => timeOf(other) === timeOf(trigger)).length === 1;
    const mark = isOnlyOne ? timeOf(trigger) : markOf(trigger.parameters);
    let name = `${flow.name.value}.schedule-${mark}`;
    for (let count = 2; taken.has(name); count++) name = `${flow.name.value}.schedule-${mark}-${count}`;
    taken.add(name);
    return { name, rule: `${name}.rule`, ...trigger };
  });
}

function planSchedule({ cron, timezone, parameters }: Schedule, flow: Flow) {
  const read = readCron(cron.value);
  if ('problem' in read) throw new Error(`unchecked cron expression "${cron.value}": ${read.problem.message}`);
  const zone = timezone && !isUtc(timezone.value) ? { timezone: timezone.value } : {};
  return {
    feed: `${ALARMS_PACKAGE}/alarm`,
    // Without a payload, the package would send an empty text named `payload`.
    parameters: { cron: alarmCron(read.cron), ...zone, trigger_payload: payloadOf(flow, parameters.value) },
    schedule: { cron: cron.value, ...zone },
  };
}

function markOf(value: unknown): string {
  return sha256(toJson(value)).slice(0, MARK_LENGTH);
}

/** The parameters of a schedule in the form a client sends. */
function payloadOf(flow: Flow, given: Record<string, unknown>): Record<string, unknown> {
  const types = new Map(flow.parameters.map(({ name, type }) => [name.value, type]));
  return Object.fromEntries(
    Object.entries(given).map(([name, value]) => [name, sentValue(value, types.get(name) ?? 'string')]),
  );
}

function planSource(source: TriggerSource, flow: string, taken: Set<string>): ManifestTrigger {
  const name = source.name.value.replace(/^\/_\//, '');
  const rule = ruleName(flow, name, taken);
  taken.add(rule);
  if (source.feed === undefined) return { name, rule };
  const feed = source.feed.value;
  const payload = feed.startsWith(`${ALARMS_PACKAGE}/`) ? { trigger_payload: {} } : {};
  return { name, rule, feed, parameters: { ...payload, ...source.with.value } };
}

/** `HelloFlow.on-uploads`; with a short hash if that is taken or too long. */
function ruleName(flow: string, trigger: string, taken: ReadonlySet<string>): string {
  const name = `${flow}.on-${trigger.slice(trigger.lastIndexOf('/') + 1)}`;
  if (!taken.has(name) && name.length <= ENTITY_NAME_MAX_LENGTH) return name;
  return `${name.slice(0, ENTITY_NAME_MAX_LENGTH - MARK_LENGTH - 1)}-${markOf(trigger)}`;
}
