import { clearLine, cursorTo } from 'node:readline';

/** How work that takes long reports what it does. */
export interface Progress {
  /** A line that stays visible. */
  line(text: string): void;
  /** One of many small things that were done; most readers want to see the last one only. */
  detail(text: string): void;
  /** The current activity, replaced by the next one; shown on a terminal only. Empty: none. */
  progress(text: string): void;
}

export const silentReport: Progress = { line() {}, detail() {}, progress() {} };

/** Reports on a stream, usually stderr. Details are progress, or lines that stay if they are wanted. */
export function reportTo(stream: NodeJS.WriteStream, { details = false } = {}): Progress {
  let transient = false;
  const clear = () => {
    if (!transient) return;
    clearLine(stream, 0);
    cursorTo(stream, 0);
    transient = false;
  };
  const line = (text: string) => {
    clear();
    stream.write(`${text}\n`);
  };
  const progress = (text: string) => {
    if (!stream.isTTY) return;
    clear();
    stream.write(text.slice(0, Math.max(0, (stream.columns || 80) - 1)));
    transient = true;
  };
  return { line, progress, detail: details ? line : progress };
}
