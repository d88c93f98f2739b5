import type { Node } from 'yaml';
import { isMap, isSeq } from 'yaml';
import type { ActionBody, Arguments, Body, CallBody, FlowBody, Located, RunBody } from '../../model/flow.ts';
import { spanOf, textOf } from '../nodes.ts';
import { offsetsOf } from '../scalar-offsets.ts';
import type { Reading } from './reading.ts';
import { notJsonIn, warnOfLeadingZeros } from './scalars.ts';

/** Keys that define what a step does. */
export const BODY_KEYS = ['run', 'call', 'action', 'flow'] as const;

/** Keys that only apply to some bodies. */
const KEYS_OF_BODIES: Record<string, readonly string[]> = {
  with: ['action', 'flow'],
  result: ['action', 'flow'],
  detach: ['flow'],
  cache: ['run', 'call'],
};

/** What to use instead of such a key. */
const HINTS_OF_KEYS: Record<string, string> = {
  'with run': 'read artifacts and parameters from self',
  'with call': 'name the arguments of the function after artifacts and parameters',
  'result run': 'set the artifact on self',
  'result call': 'return a dict from the function: its items become artifacts',
  'detach run': 'only a flow step can run without waiting',
  'detach call': 'only a flow step can run without waiting',
  'detach action': 'only a flow step can run without waiting',
  'cache action': 'an action can have side effects; cache the steps that use its answer',
  'cache flow': 'cache steps in the called flow',
};

/** A name in an argument: `${name}`; `$${` is literal. */
const REFERENCE = /\$\$\{|\$\{([^}]*)\}/g;

/** What a step does; undefined if no key defines it. */
export function readBody(reading: Reading, node: Node): Body | undefined {
  const kind = BODY_KEYS.find((key) => reading.at(node, key) !== undefined);
  for (const { key, keySpan } of reading.entries(node)) {
    const bodies = KEYS_OF_BODIES[key];
    if (!bodies || kind === undefined || bodies.includes(kind)) continue;
    const hint = HINTS_OF_KEYS[`${key} ${kind}`];
    reading.report.error('misplaced-key', keySpan, `"${key}" belongs to ${bodies.join(' and ')}, not to ${kind}`, hint);
  }
  if (kind === 'run') return readRun(reading, node);
  if (kind === 'call') return readCall(reading, node);
  if (kind === 'action') return readAction(reading, node);
  return kind && readFlow(reading, node);
}

export function readRun(reading: Reading, node: Node): RunBody | undefined {
  const code = reading.code(reading.at(node, 'run'));
  return code && { kind: 'run', ...code };
}

export function readCall(reading: Reading, node: Node): CallBody | undefined {
  const call = reading.text(reading.at(node, 'call'));
  if (!call) return undefined;
  const [module = '', name = '', ...rest] = call.value.split(':');
  return { kind: 'call', module, function: [name, ...rest].join(':'), span: call.span };
}

function readAction(reading: Reading, node: Node): ActionBody | undefined {
  const action = reading.text(reading.at(node, 'action'));
  return action && { kind: 'action', action, ...readArguments(reading, node), span: action.span };
}

function readFlow(reading: Reading, node: Node): FlowBody | undefined {
  const flow = reading.text(reading.at(node, 'flow'));
  const detach = reading.flag(reading.at(node, 'detach'));
  return flow && { kind: 'flow', flow, ...readArguments(reading, node), detach, span: flow.span };
}

function readArguments(reading: Reading, node: Node): { with: Arguments; result?: Located<string> } {
  const given = reading.at(node, 'with');
  const result = reading.text(reading.at(node, 'result'));
  const references: Located<string>[] = [];
  if (given) gatherReferences(reading, given, references);
  warnOfLeadingZeros(reading, given);
  const notJson = notJsonIn(reading, given);
  if (notJson) {
    const message = `${notJson.value} cannot be passed to an action or a flow: JSON cannot represent it`;
    reading.report.error('not-json', notJson.span, message, 'write a number, or put it in quotes');
  }
  const value = (reading.mapping(given)?.value ?? {}) as Record<string, unknown>;
  return { with: { value, references }, ...(result && { result }) };
}

function gatherReferences(reading: Reading, node: Node, references: Located<string>[]): void {
  if (isMap(node))
    for (const { node: value } of reading.entries(node)) value && gatherReferences(reading, value, references);
  if (isSeq(node)) for (const item of reading.items(node)) gatherReferences(reading, item, references);
  const text = textOf(node);
  if (text === undefined || !text.includes('${')) return;
  const offsetAt = offsetsOf(node as Parameters<typeof offsetsOf>[0], reading.report.source.text);
  for (const match of text.matchAll(REFERENCE)) {
    if (match[1] === undefined) continue;
    const span = [offsetAt(match.index), offsetAt(match.index + match[0].length - 1) + 1] as const;
    references.push({ value: match[1].trim(), span });
  }
  const open = text.replaceAll(REFERENCE, '').indexOf('${');
  if (open >= 0) {
    reading.report.error(
      'open-reference',
      spanOf(node),
      'this "${" is not closed',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: it is what is to be written
      'write ${name}, or $${ for a literal ${',
    );
  }
}
