/** A container: a process with one action's code that runs its activations in sequence. */
import { type AnswerLine, AnswerReader } from './answers.ts';
import { type CollectedLogs, LogCollector } from './container-logs.ts';
import type { ContainerProcess } from './container-process.ts';

/** How long to wait for the last log lines after the answer: longer than any pipe needs, but not noticeable. */
const LOG_PATIENCE_MS = 500;

/** The outcome of one exchange with a container. */
export type Exchange =
  | { readonly kind: 'answered'; readonly line: AnswerLine }
  | { readonly kind: 'exited' }
  | { readonly kind: 'timed-out' };

export class Container {
  readonly process: ContainerProcess;
  readonly #logs: LogCollector;
  #answered: ((answer: Exchange) => void) | undefined;
  #exited = false;

  /** @param maxAnswerBytes maximum size of a kept answer */
  constructor(process: ContainerProcess, maxAnswerBytes: number, now: () => number) {
    this.process = process;
    this.#logs = new LogCollector(process.stdout, process.stderr, now);
    new AnswerReader(process.answers, maxAnswerBytes, (line) => this.#settle({ kind: 'answered', line }));
    const gone = () => {
      this.#exited = true;
      this.#settle({ kind: 'exited' });
    };
    // The pipe might still hold an answer when the process has ended, because its end arrives later.
    process.answers.once('close', gone);
    process.exited.then(() => setTimeout(gone, LOG_PATIENCE_MS).unref());
  }

  get exited(): boolean {
    return this.#exited;
  }

  beginLogs(limitBytes: number): void {
    this.#logs.begin(limitBytes);
  }

  /** Initialisation is complete; the run of the same activation follows. */
  continueLogs(): void {
    this.#logs.continue();
  }

  endLogs(): Promise<CollectedLogs> {
    return this.#logs.end(LOG_PATIENCE_MS);
  }

  /** Sends a line, if given, and waits for the next answer. After `timeoutMs` the container is killed. */
  exchange(line: string | undefined, timeoutMs: number): Promise<Exchange> {
    return new Promise((resolve) => {
      if (this.#exited) {
        resolve({ kind: 'exited' });
        return;
      }
      const timer = setTimeout(() => {
        this.#settle({ kind: 'timed-out' });
        this.kill();
      }, timeoutMs);
      this.#answered = (answer) => {
        clearTimeout(timer);
        resolve(answer);
      };
      if (line !== undefined) this.process.stdin.write(`${line}\n`);
    });
  }

  kill(): void {
    this.process.kill();
  }

  #settle(answer: Exchange): void {
    const answered = this.#answered;
    this.#answered = undefined;
    answered?.(answer);
  }
}
