/** A line that only one of the two has, or both. */
export type DiffLine = { kind: '-' | '+' | ' '; text: string };

/** Line by line, by the longest common subsequence: `-` is expected and not there, `+` is there and not expected. */
export function diffLines(expected: readonly string[], actual: readonly string[]): DiffLine[] {
  const common = commonLengths(expected, actual);
  const diff: DiffLine[] = [];
  let [i, j] = [0, 0];
  while (i < expected.length || j < actual.length) {
    const [wanted, got] = [expected[i], actual[j]];
    if (wanted !== undefined && wanted === got) {
      diff.push({ kind: ' ', text: wanted });
      i++;
      j++;
    } else if (wanted !== undefined && lengthAt(common, i + 1, j) >= lengthAt(common, i, j + 1)) {
      diff.push({ kind: '-', text: wanted });
      i++;
    } else if (got !== undefined) {
      diff.push({ kind: '+', text: got });
      j++;
    } else {
      diff.push({ kind: '-', text: wanted as string });
      i++;
    }
  }
  return diff;
}

/** Length of the longest common subsequence of what follows, from each pair of places. */
function commonLengths(a: readonly string[], b: readonly string[]): number[][] {
  const rows = Array.from({ length: a.length + 1 }, () => new Array<number>(b.length + 1).fill(0));
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      const longest = Math.max(lengthAt(rows, i + 1, j), lengthAt(rows, i, j + 1));
      (rows[i] as number[])[j] = a[i] === b[j] ? lengthAt(rows, i + 1, j + 1) + 1 : longest;
    }
  }
  return rows;
}

function lengthAt(rows: readonly number[][], i: number, j: number): number {
  return rows[i]?.[j] ?? 0;
}
