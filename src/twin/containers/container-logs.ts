/** Splits what a container prints into the log lines of its activations, as OpenWhisk's log store does. */
import type { Readable } from 'node:stream';

/** Printed by the launchers on both streams at the end of each activation, like the real action images' marker. */
const SENTINEL = 'XXX_THE_END_OF_A_WHISK_ACTIVATION_XXX';
/** DockerToActivationLogStore.scala: `f"$time%-30s $stream: …"`. */
const TIME_WIDTH = 30;
/** stdout and stderr. */
const STREAMS = 2;
const NEWLINE = 10;

export type LogStream = 'stdout' | 'stderr';

/** One line of an activation's `logs`. */
export function formatLogLine(timeMs: number, stream: LogStream, text: string): string {
  return `${isoTime(timeMs).padEnd(TIME_WIDTH)} ${stream}: ${text}`;
}

/** RFC 3339 with an optional fraction, as written by Docker. */
function isoTime(timeMs: number): string {
  const micros = Math.round((timeMs - Math.floor(timeMs)) * 1000);
  const iso = new Date(Math.floor(timeMs)).toISOString();
  const fraction = `${iso.slice(20, 23)}${String(Math.min(micros, 999)).padStart(3, '0')}`.replace(/0+$/, '');
  return `${iso.slice(0, 19)}${fraction === '' ? '' : `.${fraction}`}Z`;
}

interface Line {
  readonly timeMs: number;
  readonly stream: LogStream;
  readonly text: string;
}

export interface CollectedLogs {
  readonly lines: string[];
  readonly truncated: boolean;
}

/** Collects both streams of a container, activation by activation. */
export class LogCollector {
  readonly #now: () => number;
  #lines: Line[] = [];
  #bytes = 0;
  #limitBytes = Number.POSITIVE_INFINITY;
  #truncated = false;
  #sentinels = 0;
  #expectedSentinels = 0;
  #openStreams = STREAMS;
  #waiting: (() => void) | undefined;

  constructor(stdout: Readable, stderr: Readable, now: () => number) {
    this.#now = now;
    this.#follow(stdout, 'stdout');
    this.#follow(stderr, 'stderr');
  }

  /** Discards earlier output and keeps at most `limitBytes` from here on. */
  begin(limitBytes: number): void {
    this.#lines = [];
    this.#bytes = 0;
    this.#truncated = false;
    this.#sentinels = 0;
    this.#expectedSentinels = STREAMS;
    this.#limitBytes = limitBytes;
  }

  /** The container will answer again before the activation ends: it was initialised and will now run. */
  continue(): void {
    this.#expectedSentinels += STREAMS;
  }

  /**
   * The lines since `begin`, once both streams have reached their last marker or their end, or `patienceMs` have
   * passed.
   */
  async end(patienceMs: number): Promise<CollectedLogs> {
    if (!this.#complete()) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, patienceMs);
        this.#waiting = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#waiting = undefined;
    }
    const lines = this.#lines
      .toSorted((a, b) => a.timeMs - b.timeMs)
      .map((line) => formatLogLine(line.timeMs, line.stream, line.text));
    this.#lines = [];
    return { lines, truncated: this.#truncated };
  }

  #complete(): boolean {
    return this.#sentinels >= this.#expectedSentinels || this.#openStreams === 0;
  }

  #follow(readable: Readable, stream: LogStream): void {
    let pending: Buffer[] = [];
    let pendingBytes = 0;
    const flush = () => {
      const text = Buffer.concat(pending).toString('utf8');
      pending = [];
      pendingBytes = 0;
      this.#add(stream, text);
    };
    readable.on('data', (chunk: Buffer) => {
      let start = 0;
      for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
        pending.push(chunk.subarray(start, end));
        flush();
        start = end + 1;
      }
      const rest = chunk.subarray(start);
      if (rest.length > 0 && pendingBytes < this.#limitBytes + SENTINEL.length) {
        pending.push(rest);
        pendingBytes += rest.length;
      }
    });
    readable.once('close', () => {
      if (pending.length > 0) flush();
      this.#openStreams -= 1;
      this.#wake();
    });
  }

  #add(stream: LogStream, text: string): void {
    if (!text.endsWith(SENTINEL)) {
      this.#keep(stream, text);
      return;
    }
    // The marker can follow a last line without a newline.
    if (text.length > SENTINEL.length) this.#keep(stream, text.slice(0, -SENTINEL.length));
    this.#sentinels += 1;
    this.#wake();
  }

  #keep(stream: LogStream, text: string): void {
    if (this.#truncated) return;
    const room = this.#limitBytes - this.#bytes;
    const size = Buffer.byteLength(text);
    this.#bytes += size;
    if (size > room) {
      this.#truncated = true;
      const kept = Buffer.from(text).subarray(0, Math.max(0, room)).toString('utf8');
      if (kept !== '') this.#lines.push({ timeMs: this.#now(), stream, text: kept });
      return;
    }
    this.#lines.push({ timeMs: this.#now(), stream, text: text.endsWith('\r') ? text.slice(0, -1) : text });
  }

  #wake(): void {
    if (this.#complete()) this.#waiting?.();
  }
}
