/** Parses the bodies of PUT and POST requests, rejecting what OpenWhisk rejects. */

import { isNumber, toJson } from '../../base/json.ts';
import {
  type ActionLimits,
  type Binding,
  type BoundValue,
  defined,
  type Exec,
  type Reference,
  type RuleStatus,
  sizeBytes,
} from './entities.ts';
import { isName, lastOf, parentOf, pathParts, resolvePath } from './entity-names.ts';
import { isObject, type Json, type JsonObject, parseBoundedJson } from './json-values.ts';
import { resolveKind, VALID_KINDS } from './kinds.ts';
import * as messages from './messages.ts';
import type { LimitRange, NamespaceLimits } from './namespace-limits.ts';
import { Reject } from './reject.ts';

export interface ActionPut {
  readonly exec?: Exec;
  readonly parameters?: readonly BoundValue[];
  readonly limits?: Partial<ActionLimits>;
  readonly version?: string;
  readonly publish?: boolean;
  readonly annotations?: readonly BoundValue[];
  readonly delAnnotations?: readonly string[];
}

export interface PackagePut extends Omit<ActionPut, 'exec' | 'limits' | 'delAnnotations'> {
  readonly binding?: Binding;
}

export type TriggerPut = Omit<PackagePut, 'binding'>;

export interface RulePut extends Omit<TriggerPut, 'parameters'> {
  readonly trigger?: Reference;
  readonly action?: Reference;
}

const malformed = (problem: string) => new Reject(400, messages.contentMalformed(problem));

/** A request's body as JSON; undefined if empty. @throws {Reject} 400 */
export function decodeBody(text: string): Json | undefined {
  if (text === '') return undefined;
  try {
    return parseBoundedJson(text);
  } catch (error) {
    if (error instanceof SyntaxError) throw malformed(error.message);
    throw error;
  }
}

/** The payload of an invocation or a fire. */
export function decodePayload(body: Json | undefined): JsonObject | undefined {
  if (body === undefined) return undefined;
  if (!isObject(body)) throw malformed(messages.OBJECT_EXPECTED);
  return body;
}

export function decodeActionPut(body: Json | undefined, namespace: string, limits: NamespaceLimits): ActionPut {
  const fields = entityFields(body, 'exec');
  const exec = fields.exec === undefined ? undefined : decodeExec(fields.exec, namespace);
  const put = {
    exec,
    parameters: keyValues(fields.parameters),
    limits: fields.limits === undefined ? undefined : decodeLimits(fields.limits),
    delAnnotations: names(fields.delAnnotations),
    ...common(fields),
  };
  if (exec !== undefined && execBytes(exec) > limits.codeBytes) {
    throw new Reject(413, messages.tooBig('exec', execBytes(exec), limits.codeBytes));
  }
  checkSizes(put, limits);
  checkLimits(put.limits ?? {}, limits);
  return defined(put) as ActionPut;
}

export function decodePackagePut(body: Json | undefined, namespace: string, limits: NamespaceLimits): PackagePut {
  const fields = entityFields(body, 'binding');
  const put = {
    binding: decodeBinding(fields.binding, namespace),
    parameters: keyValues(fields.parameters),
    ...common(fields),
  };
  checkSizes(put, limits);
  return defined(put) as PackagePut;
}

export function decodeTriggerPut(body: Json | undefined, limits: NamespaceLimits): TriggerPut {
  const fields = entityFields(body, 'parameters');
  const put = { parameters: keyValues(fields.parameters), ...common(fields) };
  checkSizes(put, limits);
  return defined(put) as TriggerPut;
}

export function decodeRulePut(body: Json | undefined, namespace: string, limits: NamespaceLimits): RulePut {
  const fields = entityFields(body, 'trigger');
  const put = {
    trigger: fields.trigger === undefined ? undefined : decodeReference(fields.trigger, namespace),
    action: fields.action === undefined ? undefined : decodeReference(fields.action, namespace),
    ...common(fields),
  };
  checkSizes(put, limits);
  return defined(put) as RulePut;
}

/** `Status.serdesRestricted`. */
export function decodeRuleStatus(body: Json | undefined): RuleStatus {
  if (body === undefined) throw new Reject(400, messages.ENTITY_EXPECTED);
  const status = isObject(body) ? body.status : undefined;
  if (status === 'active' || status === 'inactive') return status;
  throw malformed(status === undefined ? 'key not found: status' : messages.ruleStateNotRecognized(toJson(status)));
}

function entityFields(body: Json | undefined, firstField: string): JsonObject {
  if (body === undefined) throw new Reject(400, messages.ENTITY_EXPECTED);
  if (!isObject(body)) throw malformed(`Object expected in field '${firstField}'`);
  return body;
}

function common(fields: JsonObject) {
  const { publish, version } = fields;
  if (publish !== undefined && typeof publish !== 'boolean') throw malformed('publish must be a boolean');
  if (
    version !== undefined &&
    !(typeof version === 'string' && /^\d+\.\d+\.\d+$/.test(version) && version !== '0.0.0')
  ) {
    throw malformed(`bad semantic version ${toJson(version)}`);
  }
  return { version, publish, annotations: keyValues(fields.annotations) };
}

function names(value: Json | undefined): string[] | undefined {
  if (value === undefined) return undefined;
  if (Array.isArray(value) && value.every((each) => typeof each === 'string')) return value;
  throw malformed('delAnnotations must be a list of strings');
}

/** `Parameters.serdes`; the last of equal keys wins. */
function keyValues(value: Json | undefined): BoundValue[] | undefined {
  if (value === undefined) return undefined;
  if (!Array.isArray(value)) throw malformed('parameters malformed!');
  const list = new Map<string, BoundValue>();
  for (const each of value) {
    if (!isObject(each) || typeof each.key !== 'string' || each.value === undefined)
      throw malformed('parameters malformed!');
    list.set(each.key, { key: each.key, value: each.value, ...(each.init === true ? { init: true } : {}) });
  }
  return [...list.values()];
}

function decodeExec(value: Json, namespace: string): Exec {
  if (!isObject(value)) throw malformed(messages.OBJECT_EXPECTED);
  if (typeof value.kind !== 'string') throw malformed("'kind' must be a string defined in 'exec'");
  const kind = value.kind.trim().toLowerCase();
  if (value.main !== undefined && typeof value.main !== 'string') {
    throw malformed(`if defined, 'main' be a string in 'exec' for '${kind}' actions`);
  }
  const main = value.main === undefined ? {} : { main: value.main };
  if (kind === 'sequence') {
    if (value.components === undefined) throw malformed("'components' must be defined for sequence kind");
    if (!Array.isArray(value.components)) throw malformed("'components' must be an array");
    return { kind, components: value.components.map((each) => `/${qualifiedName(each, namespace)}`) };
  }
  if (kind === 'blackbox') {
    if (typeof value.image !== 'string')
      throw malformed("'image' must be a string defined in 'exec' for 'blackbox' actions");
    const code = typeof value.code === 'string' && value.code.trim() !== '' ? value.code : undefined;
    return { kind, image: value.image, ...(code === undefined ? {} : { code }), binary: isBinary(code), ...main };
  }
  const known = resolveKind(kind);
  if (known === undefined) throw malformed(messages.invalidRuntime(kind, VALID_KINDS));
  if (typeof value.code !== 'string') {
    throw malformed(`'code' must be a string or attachment object defined in 'exec' for '${kind}' actions`);
  }
  return { kind: known.kind, code: value.code, binary: isBinary(value.code), ...main };
}

/** `Exec.isBinaryCode`: any valid base64 counts as an archive. */
function isBinary(code: string | undefined): boolean {
  const text = code?.trim() ?? '';
  return text.length > 0 && text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text);
}

function execBytes(exec: Exec): number {
  if ('components' in exec) return exec.components.reduce((sum, each) => sum + Buffer.byteLength(each) - 1, 0);
  const image = 'image' in exec ? Buffer.byteLength(exec.image) : 0;
  return Buffer.byteLength(exec.code ?? '') + Buffer.byteLength(exec.main ?? '') + image;
}

function decodeLimits(value: Json): Partial<ActionLimits> {
  if (!isObject(value)) throw malformed("Object expected in field 'timeout'");
  const whole = (field: keyof ActionLimits, label: string): number | undefined => {
    const each = value[field];
    if (each === undefined || each === null) return undefined;
    if (!isNumber(each)) throw malformed(`${label} limit malformed`);
    const number = Number(each);
    if (!Number.isInteger(number)) throw malformed(`requirement failed: ${label} limit must be whole number`);
    return number;
  };
  return defined({
    timeout: whole('timeout', 'time'),
    memory: whole('memory', 'memory'),
    logs: whole('logs', 'log'),
    concurrency: whole('concurrency', 'concurrency'),
  }) as Partial<ActionLimits>;
}

function checkLimits(given: Partial<ActionLimits>, limits: NamespaceLimits): void {
  const check = (limit: string, value: number | undefined, unit: string, range: LimitRange) => {
    if (value === undefined || (value >= range.min && value <= range.max)) return;
    throw new Reject(400, messages.limitOutOfRange(limit, value, unit, range));
  };
  check('memory size', given.memory, ' MB', limits.memoryMb);
  check('duration', given.timeout, ' milliseconds', limits.timeoutMs);
  check('log size', given.logs, ' MB', limits.logsMb);
  check('concurrency', given.concurrency, '', limits.concurrency);
}

function checkSizes(
  put: { parameters?: readonly BoundValue[] | undefined; annotations?: readonly BoundValue[] | undefined },
  limits: NamespaceLimits,
): void {
  for (const field of ['parameters', 'annotations'] as const) {
    const bytes = sizeBytes(put[field] ?? []);
    if (bytes > limits.payloadBytes) throw new Reject(413, messages.tooBig(field, bytes, limits.payloadBytes));
  }
}

function decodeBinding(value: Json | undefined, namespace: string): Binding | undefined {
  if (value === undefined || (isObject(value) && Object.keys(value).length === 0)) return undefined;
  if (!isObject(value)) throw malformed("Object expected in field 'namespace'");
  const part = (text: Json | undefined): string => {
    if (typeof text !== 'string' || !isName(text)) throw malformed(messages.NAME_ILLEGAL);
    return text;
  };
  return { namespace: resolvePath([part(value.namespace)], namespace), name: part(value.name) };
}

function decodeReference(value: Json, namespace: string): Reference {
  const { path: parent, name } = isObject(value) ? value : {};
  const isSplit = typeof parent === 'string' && typeof name === 'string';
  const path = qualifiedName(isSplit ? `${parent}/${name}` : value, namespace);
  return { path: parentOf(path), name: lastOf(path) };
}

/** `FullyQualifiedEntityName.serdes`. */
function qualifiedName(value: Json, namespace: string): string {
  const parts = typeof value === 'string' ? pathParts(value) : undefined;
  if (parts === undefined || parts.length < 2) throw malformed(messages.QUALIFIED_NAME_ILLEGAL);
  return resolvePath(parts, namespace);
}

/** An entity's name from a request's path. @throws {Reject} 400 */
export function checkName(name: string): string {
  if (isName(name)) return name;
  throw new Reject(400, messages.NAME_ILLEGAL);
}

/** A namespace from a request's path, `_` resolved. @throws {Reject} 400 */
export function checkNamespace(name: string, own: string): string {
  return resolvePath([checkName(name)], own);
}
