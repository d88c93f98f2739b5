import { clearLine, cursorTo } from 'node:readline';

/** How long-lasting work tells people what it does. */
export interface Progress {
  /** A line that stays. */
  line(text: string): void;
  /** What is going on this moment: replaced by the next one, on a terminal only. */
  progress(text: string): void;
}

export const silentReport: Progress = { line() {}, progress() {} };

/** Reports on a stream, as a rule stderr. */
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
