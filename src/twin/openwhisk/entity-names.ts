import { ENTITY_NAME_MAX_LENGTH } from '../../contract/openwhisk.generated.ts';

/** Names and paths of entities: EntityPath.scala, FullyQualifiedEntityName.scala. */

const NAME = /^(\w|\w[\w@ .&-]{0,254}[\w@.&-])$/;
/** Stands for the caller's own namespace. */
export const DEFAULT_NAMESPACE = '_';

export function isName(text: string): boolean {
  return text.length <= ENTITY_NAME_MAX_LENGTH && NAME.test(text);
}

/** A path's parts; undefined if one is not a valid name. Leading and doubled slashes are ignored. */
export function pathParts(path: string): string[] | undefined {
  const parts = path.split('/').filter((part) => part !== '');
  return parts.length > 0 && parts.every(isName) ? parts : undefined;
}

/** The parts as one path, with a leading `_` replaced by the caller's namespace. */
export function resolvePath(parts: readonly string[], namespace: string): string {
  const [root, ...rest] = parts;
  return [root === DEFAULT_NAMESPACE ? namespace : root, ...rest].join('/');
}

/** All but the last part: the path of the parent. */
export function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}

export function lastOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** `namespace/package` of `namespace/package/action`. */
export function packageOf(path: string): string | undefined {
  const parent = parentOf(path);
  return parent.includes('/') ? parent : undefined;
}

export function rootOf(path: string): string {
  return path.split('/', 1)[0] ?? '';
}

/**
 * `FullyQualifiedEntityName.resolveName`: resolves the next action named by a conductor. Undefined if the name is
 * invalid.
 */
export function resolveComponentName(name: unknown, namespace: string): string | undefined {
  if (typeof name !== 'string') return undefined;
  const parts = pathParts(name);
  if (parts === undefined || parts.length > 3) return undefined;
  const absolute = name.startsWith('/');
  if (absolute && parts.length === 1) return undefined;
  return resolvePath(absolute || parts.length === 3 ? parts : [namespace, ...parts], namespace);
}
