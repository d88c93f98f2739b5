import type { Node } from 'yaml';
import { isMap, isSeq } from 'yaml';
import type { Located, Schedule, TriggerSource } from '../../model/flow.ts';
import { spanOf } from '../nodes.ts';
import type { Reading } from './reading.ts';
import { warnOfLeadingZeros } from './scalars.ts';

/** `schedule`: a cron expression, a mapping, or a list of them. */
export function readSchedules(reading: Reading, node: Node | undefined): Schedule[] {
  return listed(reading, node).flatMap((item): Schedule[] => {
    const cron = reading.text(isMap(item) ? reading.at(item, 'cron') : item);
    if (!cron) return [];
    const timezone = reading.text(reading.at(item, 'timezone'));
    warnOfLeadingZeros(reading, reading.at(item, 'parameters'));
    const parameters = reading.mapping(reading.at(item, 'parameters')) ?? nothing(item);
    return [{ cron, ...(timezone && { timezone }), parameters, span: spanOf(item) }];
  });
}

/** `on`: the name of a trigger, a mapping, or a list of them. */
export function readTriggers(reading: Reading, node: Node | undefined): TriggerSource[] {
  return listed(reading, node).flatMap((item): TriggerSource[] => {
    const name = reading.text(isMap(item) ? reading.at(item, 'trigger') : item);
    if (!name) return [];
    warnOfLeadingZeros(reading, reading.at(item, 'with'));
    const feed = reading.text(reading.at(item, 'feed'));
    return [{ name, ...(feed && { feed }), with: reading.mapping(reading.at(item, 'with')) ?? nothing(item) }];
  });
}

function listed(reading: Reading, node: Node | undefined): Node[] {
  if (!node) return [];
  return isSeq(node) ? reading.items(node) : [node];
}

function nothing(node: Node): Located<Record<string, unknown>> {
  return { value: {}, span: spanOf(node) };
}
