import { clearLine, cursorTo } from 'node:readline';

/** Progress messages of long operations. */
export interface Progress {
  /** A line that stays visible. */
  line(text: string): void;
  /** The current activity: replaced by the next one, on terminals only. */
  progress(text: string): void;
}

export const silentReport: Progress = { line() {}, progress() {} };

/** Writes progress to a stream, usually stderr. */
export function reportTo(stream: NodeJS.WriteStream): Progress {
  let transient = false;
  const clear = () => {
    if (!transient) return;
    clearLine(stream, 0);
    cursorTo(stream, 0);
    transient = false;
  };
  return {
    line(text) {
      clear();
      stream.write(`${text}\n`);
    },
    progress(text) {
      if (!stream.isTTY) return;
      clear();
      stream.write(text.slice(0, Math.max(0, (stream.columns || 80) - 1)));
      transient = true;
    },
  };
}
