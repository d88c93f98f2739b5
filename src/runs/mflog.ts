/** A line of a task's log. */
export interface LogLine {
  /** UTC, to the microsecond: `2026-01-02T03:04:05.678901`. */
  time: string;
  stream: 'stdout' | 'stderr';
  text: string;
}

/** As `metaflow/mflog/mflog.py` writes it: version, time, source, id of the line, text. */
const LINE = /^(?:\[!)?\[MFLOG\|0\|(.+?)Z\|(.+?)\|(.+?)\](.*)$/s;

/** Parses a log in Metaflow's format. A line without a header belongs to the one before it and shares its time. */
export function parseLog(content: string, stream: LogLine['stream']): LogLine[] {
  const lines: LogLine[] = [];
  let time = '';
  for (const line of content.replace(/\n$/, '').split('\n')) {
    if (line === '') continue;
    const match = LINE.exec(line);
    time = match?.[1] ?? time;
    lines.push({ time, stream, text: match?.[4] ?? line });
  }
  return lines;
}

/** Several logs as one, by time; where that is the same, in the order given. */
export function mergeLogs(logs: readonly LogLine[][]): LogLine[] {
  return logs.flat().sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
}
