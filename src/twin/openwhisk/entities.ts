/** The entities of a namespace in the form of the REST API: WhiskAction, WhiskPackage, WhiskTrigger, WhiskRule. */

import { toJson } from '../../base/json.ts';
import type { Json, JsonObject } from './json-values.ts';

/** A parameter or annotation. `init`: passed to the action as an environment variable when its container starts. */
export interface BoundValue {
  readonly key: string;
  readonly value: Json;
  readonly init?: true;
}

export interface ActionLimits {
  readonly concurrency: number;
  readonly logs: number;
  readonly memory: number;
  readonly timeout: number;
}

export interface CodeExec {
  readonly kind: string;
  readonly code: string;
  readonly binary: boolean;
  readonly main?: string;
}

export interface BlackboxExec {
  readonly kind: 'blackbox';
  readonly image: string;
  readonly code?: string;
  readonly binary: boolean;
  readonly main?: string;
}

export interface SequenceExec {
  readonly kind: 'sequence';
  /** Each with a leading slash. */
  readonly components: readonly string[];
}

export type Exec = CodeExec | BlackboxExec | SequenceExec;

interface Common {
  readonly namespace: string;
  readonly name: string;
  readonly version: string;
  readonly publish: boolean;
  readonly annotations: readonly BoundValue[];
  /** ms since 1970. */
  readonly updated: number;
}

export interface Action extends Common {
  readonly exec: Exec;
  readonly parameters: readonly BoundValue[];
  readonly limits: ActionLimits;
}

export interface Binding {
  readonly namespace: string;
  readonly name: string;
}

export interface Package extends Common {
  readonly binding: Binding | undefined;
  readonly parameters: readonly BoundValue[];
}

export interface RuleLink {
  readonly action: Reference;
  readonly status: RuleStatus;
}

export interface Trigger extends Common {
  readonly parameters: readonly BoundValue[];
  /** Keyed by the rule's path. Absent before the first rule. */
  readonly rules?: Readonly<Record<string, RuleLink>>;
}

export type RuleStatus = 'active' | 'inactive';

/** A fully qualified name in JSON. */
export interface Reference {
  readonly path: string;
  readonly name: string;
}

export interface Rule extends Common {
  readonly trigger: Reference;
  readonly action: Reference;
}

export interface EntityTypes {
  action: Action;
  package: Package;
  trigger: Trigger;
  rule: Rule;
}
export type EntityType = keyof EntityTypes;

export function isSequence(exec: Exec): exec is SequenceExec {
  return exec.kind === 'sequence';
}

export function pathOf(entity: { readonly namespace: string; readonly name: string }): string {
  return `${entity.namespace}/${entity.name}`;
}

export function pathOfReference({ path, name }: Reference): string {
  return `${path}/${name}`;
}

/** Later values win, as in `Parameters ++`; a key keeps its first position. */
export function mergeKeyValues(...lists: (readonly BoundValue[])[]): BoundValue[] {
  const merged = new Map<string, BoundValue>();
  for (const list of lists) for (const each of list) merged.set(each.key, each);
  return [...merged.values()];
}

export function findValue(list: readonly BoundValue[], key: string): Json | undefined {
  return list.find((each) => each.key === key)?.value;
}

/** `Parameters.isTruthy`. */
export function isTruthy(list: readonly BoundValue[], key: string, ifAbsent = false): boolean {
  const value = findValue(list, key);
  if (value === undefined) return ifAbsent;
  return typeof value === 'object' ? value !== null : Boolean(value);
}

export function toObject(list: readonly BoundValue[]): JsonObject {
  return Object.fromEntries(list.map((each) => [each.key, each.value]));
}

/** `ParameterName.size + ParameterValue.size`, summed. */
export function sizeBytes(list: readonly BoundValue[]): number {
  return list.reduce((sum, each) => sum + Buffer.byteLength(each.key) + Buffer.byteLength(toJson(each.value)), 0);
}

/** @param version undefined for new entities */
export function nextVersion(version: string | undefined): string {
  if (version === undefined) return '0.0.1';
  const [major, minor, patch] = version.split('.').map(Number);
  return `${major}.${minor}.${(patch ?? 0) + 1}`;
}

export function actionJson(action: Action, withCode: boolean): JsonObject {
  const { exec } = action;
  const shown: JsonObject = { ...exec } as unknown as JsonObject;
  if (!withCode) delete shown.code;
  return { ...(action as unknown as JsonObject), exec: shown };
}

export function packageJson(entity: Package): JsonObject {
  return { ...(entity as unknown as JsonObject), binding: (entity.binding ?? {}) as unknown as JsonObject };
}

export function triggerJson(trigger: Trigger): JsonObject {
  return { ...(trigger as unknown as JsonObject), limits: {} };
}

export function ruleJson(rule: Rule, status?: RuleStatus): JsonObject {
  return { ...(rule as unknown as JsonObject), ...(status === undefined ? {} : { status }) };
}

/** `summaryAsJson`: the form used in lists. */
export function summaryJson(type: EntityType, entity: Common): JsonObject {
  const base = {
    namespace: entity.namespace,
    name: entity.name,
    version: entity.version,
    publish: entity.publish,
    annotations: entity.annotations as unknown as Json,
    updated: entity.updated,
  };
  if (type === 'action') {
    const { exec, limits } = entity as Action;
    const binary = isSequence(exec) ? false : exec.binary;
    return { ...base, limits: limits as unknown as JsonObject, exec: { binary } };
  }
  if (type === 'package') return { ...base, binding: ((entity as Package).binding ?? false) as unknown as Json };
  if (type === 'rule') return ruleJson(entity as Rule);
  return base;
}

/** An object without undefined values. */
export function defined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as T;
}
