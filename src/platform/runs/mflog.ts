/** A line of a task's log. */
export interface LogLine {
  /** UTC, to the microsecond: `2026-01-02T03:04:05.678901`. */
  time: string;
  stream: 'stdout' | 'stderr';
  text: string;
}

/** A line as it is stored. */
export interface StoredLine extends LogLine {
  /** Of the lines that our runtime has collected, their place in the stream, from 1; 0 for others. */
  number: number;
  /** The line was still being written: this is its last state. */
  isOpen: boolean;
}

/** As `metaflow/mflog/mflog.py` writes it: version, time, source, id of the line, text. */
const LINE = /^(?:\[!)?\[MFLOG\|0\|(.+?)Z\|(.+?)\|(.+?)\](.*)$/s;

/** Ids that our runtime gives (`execution/logs.py`). */
const NUMBERED = /^[0-9a-f]{32}-(\d+)$/;

/** The source that our runtime names for a line which is not finished. */
const OPEN = 'open';

/** Parses a log in Metaflow's format. A line without a header belongs to the one before it and shares its time. */
export function parseLog(content: string, stream: LogLine['stream']): StoredLine[] {
  const lines: StoredLine[] = [];
  let time = '';
  for (const line of content.replace(/\n$/, '').split('\n')) {
    if (line === '') continue;
    const [, at = time, source, id = '', text = line] = LINE.exec(line) ?? [];
    time = at;
    lines.push({ time, stream, text, number: Number(NUMBERED.exec(id)?.[1] ?? 0), isOpen: source === OPEN });
  }
  return lines;
}

/** Several logs as one, by time; where that is the same, in the order given. */
export function mergeLogs<Line extends LogLine>(logs: readonly Line[][]): Line[] {
  return logs.flat().sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
}
