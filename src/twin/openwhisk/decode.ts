/** Parses the bodies of PUT and POST requests, rejecting what OpenWhisk rejects, with its messages. */

import { isNumber, toJson } from '../../base/json.ts';
import { ENTITY_NAME_MAX_LENGTH } from '../../contract/openwhisk.generated.ts';
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
  if (publish !== undefined && typeof publish !== 'boolean') {
    throw malformed(`Expected JsBoolean, but got ${toJson(publish)}`);
  }
  if (
    version !== undefined &&
    !(typeof version === 'string' && /^\d+\.\d+\.\d+$/.test(version) && version !== '0.0.0')
  ) {
    throw malformed(`bad semantic version ${typeof version === 'string' ? version : toJson(version)}`);
  }
  return { version, publish, annotations: keyValues(fields.annotations) };
}

function names(value: Json | undefined): string[] | undefined {
  if (value === undefined) return undefined;
  if (Array.isArray(value) && value.every((each) => typeof each === 'string')) return value;
  throw malformed('Expected List as JsArray');
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

type LimitMessage = (value: number, allowed: number) => string;

function checkLimits(given: Partial<ActionLimits>, limits: NamespaceLimits): void {
  const check = (value: number | undefined, range: LimitRange, exceeds: LimitMessage, below: LimitMessage) => {
    if (value !== undefined && value > range.max) throw new Reject(400, exceeds(value, range.max));
    if (value !== undefined && value < range.min) throw new Reject(400, below(value, range.min));
  };
  const size =
    (field: string, message: (field: string, mb: number, allowedMb: number) => string): LimitMessage =>
    (mb, allowedMb) =>
      message(field, mb, allowedMb);
  check(given.memory, limits.memoryMb, size('memory', messages.sizeExceeds), size('memory', messages.sizeBelow));
  check(given.timeout, limits.timeoutMs, messages.durationExceeds, messages.durationBelow);
  check(given.logs, limits.logsMb, size('log', messages.sizeExceeds), size('log', messages.sizeBelow));
  check(given.concurrency, limits.concurrency, messages.concurrencyExceeds, messages.concurrencyBelow);
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
  const part = (field: 'namespace' | 'name'): string => {
    const text = value[field];
    if (text === undefined) throw malformed(`Object is missing required member '${field}'`);
    if (typeof text !== 'string' || !isName(text)) throw malformed(messages.NAME_ILLEGAL);
    return text;
  };
  return { namespace: resolvePath([part('namespace')], namespace), name: part('name') };
}

function decodeReference(value: Json, namespace: string): Reference {
  const { path: parent, name } = isObject(value) ? value : {};
  const isSplit = typeof parent === 'string' && typeof name === 'string';
  const path = qualifiedName(isSplit ? `${parent}/${name}` : value, namespace);
  return { path: parentOf(path), name: lastOf(path) };
}

/** `FullyQualifiedEntityName.serdes`. */
function qualifiedName(value: Json, namespace: string): string {
  if (typeof value !== 'string') throw malformed('fully qualified name malformed');
  const parts = pathParts(value);
  if (parts === undefined) {
    const given = value.split('/').filter((part) => part !== '');
    throw malformed(
      given.length === 0
        ? 'requirement failed: path undefined'
        : `requirement failed: path contains invalid parts ArraySeq(${given.join(', ')})`,
    );
  }
  if (parts.length < 2) throw malformed(`requirement failed: ${messages.MALFORMED_QUALIFIED_NAME}`);
  return resolvePath(parts, namespace);
}

/** An entity's name from a request's path. @throws {Reject} 400 */
export function checkName(name: string): string {
  if (isName(name)) return name;
  throw new Reject(
    400,
    name.length > ENTITY_NAME_MAX_LENGTH
      ? messages.nameTooLong(name.length, ENTITY_NAME_MAX_LENGTH)
      : messages.NAME_ILLEGAL,
  );
}

/** A namespace from a request's path, `_` resolved. @throws {Reject} 400 */
export function checkNamespace(name: string, own: string): string {
  if (isName(name)) return resolvePath([name], own);
  throw new Reject(
    400,
    name.length > ENTITY_NAME_MAX_LENGTH
      ? messages.namespaceTooLong(name.length, ENTITY_NAME_MAX_LENGTH)
      : messages.NAMESPACE_ILLEGAL,
  );
}
