/** Reads the answers of a container: lines of any length, of which only the first part is kept. */
import type { Readable } from 'node:stream';

const NEWLINE = 10;

export interface AnswerLine {
  /** The line without its newline; truncated to `maxBytes` bytes. */
  readonly text: string;
  /** The whole line's length, without its newline. */
  readonly lengthBytes: number;
}

export class AnswerReader {
  readonly #maxBytes: number;
  readonly #onLine: (line: AnswerLine) => void;
  #chunks: Buffer[] = [];
  #keptBytes = 0;
  #lengthBytes = 0;

  constructor(stream: Readable, maxBytes: number, onLine: (line: AnswerLine) => void) {
    this.#maxBytes = maxBytes;
    this.#onLine = onLine;
    stream.on('data', (chunk: Buffer) => this.#read(chunk));
  }

  #read(chunk: Buffer): void {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      this.#keep(chunk.subarray(start, end));
      const line = { text: Buffer.concat(this.#chunks).toString('utf8'), lengthBytes: this.#lengthBytes };
      this.#chunks = [];
      this.#keptBytes = 0;
      this.#lengthBytes = 0;
      start = end + 1;
      this.#onLine(line);
    }
    this.#keep(chunk.subarray(start));
  }

  #keep(part: Buffer): void {
    this.#lengthBytes += part.length;
    const room = this.#maxBytes - this.#keptBytes;
    if (room <= 0 || part.length === 0) return;
    const kept = part.length > room ? part.subarray(0, room) : part;
    this.#chunks.push(kept);
    this.#keptBytes += kept.length;
  }
}
