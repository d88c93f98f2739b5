import type { KeyTemplate } from './key-template.ts';
import { keys } from './layout.generated.ts';

type Keys = typeof keys;
type PartsOf<T> = T extends KeyTemplate<infer P> ? P : never;

/** An object in the datastore: its kind and the parts of its key. */
export type ParsedKey = { [Name in keyof Keys]: { name: Name } & PartsOf<Keys[Name]> }[keyof Keys];

/** Identifies an object by its key; undefined for objects that belong neither to nuvopipe nor to a Metaflow run. */
export function parseKey(key: string): ParsedKey | undefined {
  for (const [name, template] of Object.entries(keys)) {
    const parts = template.parse(key);
    if (parts !== undefined) return { name, ...parts } as ParsedKey;
  }
  return undefined;
}
