/** A line of a task's log. */
export interface LogLine {
  /** UTC, to the microsecond: `2026-01-02T03:04:05.678901`. */
  time: string;
  stream: 'stdout' | 'stderr';
  text: string;
}

/** A stored line. */
export interface StoredLine extends LogLine {
  /** For lines collected by our runtime, their position in the stream, from 1; otherwise 0. */
  number: number;
  /** The line was still being written; this is its last state. */
  isOpen: boolean;
}

/** The format of `metaflow/mflog/mflog.py`: version, time, source, line ID, text. */
const LINE = /^(?:\[!)?\[MFLOG\|0\|(.+?)Z\|(.+?)\|(.+?)\](.*)$/s;

/** IDs assigned by our runtime (`execution/logs.py`). */
const NUMBERED = /^[0-9a-f]{32}-(\d+)$/;

/** The source that our runtime sets for unfinished lines. */
const OPEN = 'open';

/** Parses a log in Metaflow's format. A line without a header belongs to the preceding one and has the same time. */
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

/** Merges logs by time; for equal times, in the given order. */
export function mergeLogs<Line extends LogLine>(logs: readonly Line[][]): Line[] {
  return logs.flat().sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
}
