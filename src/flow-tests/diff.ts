import { diffArrays } from 'diff';

/** A line that only one of the two has, or both. */
export type DiffLine = { kind: '-' | '+' | ' '; text: string };

/** Line by line: `-` is expected and missing, `+` is there and not expected. */
export function diffLines(expected: readonly string[], actual: readonly string[]): DiffLine[] {
  return diffArrays([...expected], [...actual]).flatMap(({ value, added, removed }) => {
    const kind = removed ? '-' : added ? '+' : ' ';
    return value.map((text) => ({ kind, text }) as const);
  });
}
