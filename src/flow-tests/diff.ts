import { diffArrays } from 'diff';

/** A line of one text or of both. */
export type DiffLine = { kind: '-' | '+' | ' '; text: string };

/** Line by line: `-` is expected but missing, `+` is unexpected. */
export function diffLines(expected: readonly string[], actual: readonly string[]): DiffLine[] {
  return diffArrays([...expected], [...actual]).flatMap(({ value, added, removed }) => {
    const kind = removed ? '-' : added ? '+' : ' ';
    return value.map((text) => ({ kind, text }) as const);
  });
}
