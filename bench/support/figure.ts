/** One measured figure, as it is printed. */
export interface Figure {
  what: string;
  measured: string;
  /** Absent: said for comparison only. */
  target?: { text: string; met: boolean };
}

export function atMost(value: number, limit: number, text: string): { text: string; met: boolean } {
  return { text, met: value <= limit };
}

export function atLeast(value: number, limit: number, text: string): { text: string; met: boolean } {
  return { text, met: value >= limit };
}

/** A Markdown table, which reads well in a terminal and goes into the README as it is. */
export function table(figures: Figure[]): string {
  const rows = [
    ['', 'measured', 'target', 'met'],
    ...figures.map(({ what, measured, target }) => [
      what,
      measured,
      target?.text ?? '',
      target === undefined ? '' : target.met ? 'yes' : 'NO',
    ]),
  ];
  const widths = ['', '', '', ''].map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: string[]) => `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const [head = [], ...body] = rows;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('\n');
}

/** Says what goes on, for people who wait; the figures alone go to standard output. */
export function say(text: string): void {
  process.stderr.write(`  ${text}\n`);
}

/** Seconds, as milliseconds. */
export function ms(seconds: number): string {
  return `${Math.round(seconds * 1000)} ms`;
}
