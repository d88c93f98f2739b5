/** The latest activation records, in memory and in a file with one line each, so that they survive a restart. */

import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { writeFileAtomically } from '../../base/atomic-file.ts';
import { parseJson, toJson } from '../../base/json.ts';
import { type BoundValue, findValue } from './entities.ts';
import type { JsonObject } from './json-values.ts';
import { type Response, responseJson, STATUS_CODES } from './response.ts';

/** More than any run needs, but bounded; Apache OpenWhisk uses a database. */
const MAX_ACTIVATIONS = 20_000;
const MAX_BYTES = 256 * 1024 * 1024;

/** WhiskActivation.scala. Times are ms since 1970. */
export interface Activation {
  readonly activationId: string;
  readonly namespace: string;
  readonly name: string;
  readonly subject: string;
  readonly version: string;
  readonly publish: false;
  readonly start: number;
  /** Absent for triggers. */
  readonly end?: number;
  readonly duration?: number;
  readonly cause?: string;
  readonly response: Response;
  /** Log lines; for sequences and compositions, the IDs of the derived activations. */
  readonly logs: readonly string[];
  readonly annotations: readonly BoundValue[];
}

export interface ActivationQuery {
  readonly name?: string | undefined;
  readonly since?: number | undefined;
  readonly upto?: number | undefined;
}

export class ActivationStore {
  readonly #path: string;
  /** In the order in which they ended. */
  readonly #activations = new Map<string, { activation: Activation; bytes: number }>();
  #bytes = 0;
  #linesInFile = 0;
  #closed = false;
  #buffer: string[] = [];
  #flushing: NodeJS.Immediate | undefined;

  constructor(path: string) {
    this.#path = path;
    if (!existsSync(path)) return;
    for (const line of readFileSync(path, 'utf8').split('\n')) {
      if (line === '') continue;
      this.#linesInFile += 1;
      // The last line can be truncated if the process was killed.
      const activation = parseActivation(line);
      if (activation !== undefined) this.#keep(activation, line.length);
    }
    this.#compact();
  }

  /** After `close` nothing is recorded: activations that end then were killed. */
  put(activation: Activation): void {
    if (this.#closed) return;
    const line = toJson(activation);
    this.#keep(activation, line.length);
    this.#buffer.push(line);
    this.#flushing ??= setImmediate(() => this.#flush());
  }

  get(id: string): Activation | undefined {
    return this.#activations.get(id)?.activation;
  }

  /** Matching records, latest start first. */
  list(query: ActivationQuery): Activation[] {
    const found: Activation[] = [];
    for (const { activation } of this.#activations.values()) if (matches(activation, query)) found.push(activation);
    return found.sort((a, b) => b.start - a.start);
  }

  close(): void {
    if (this.#flushing !== undefined) clearImmediate(this.#flushing);
    this.#flush();
    this.#closed = true;
  }

  #keep(activation: Activation, bytes: number): void {
    this.#activations.set(activation.activationId, { activation, bytes });
    this.#bytes += bytes;
    for (const [id, oldest] of this.#activations) {
      if (this.#activations.size <= MAX_ACTIVATIONS && this.#bytes <= MAX_BYTES) break;
      this.#activations.delete(id);
      this.#bytes -= oldest.bytes;
    }
  }

  #flush(): void {
    this.#flushing = undefined;
    if (this.#buffer.length === 0) return;
    const lines = this.#buffer;
    this.#buffer = [];
    // Starts with a newline, so that a truncated line before it does no harm.
    appendFileSync(this.#path, `\n${lines.join('\n')}\n`, { mode: 0o600 });
    this.#linesInFile += lines.length;
    this.#compact();
  }

  #compact(): void {
    if (this.#linesInFile <= 2 * Math.max(this.#activations.size, 1)) return;
    const lines = [...this.#activations.values()].map(({ activation }) => toJson(activation));
    writeFileAtomically(this.#path, `${lines.join('\n')}\n`);
    this.#linesInFile = lines.length;
  }
}

function parseActivation(line: string): Activation | undefined {
  try {
    const activation = parseJson(line) as Activation;
    return typeof activation.activationId === 'string' ? activation : undefined;
  } catch {
    return undefined;
  }
}

function matches(activation: Activation, { name, since, upto }: ActivationQuery): boolean {
  if (since !== undefined && activation.start < since) return false;
  if (upto !== undefined && activation.start > upto) return false;
  return name === undefined || nameInNamespace(activation) === name;
}

/** `package/name` if the action is in a package. */
function nameInNamespace(activation: Activation): string {
  const path = findValue(activation.annotations, 'path');
  return typeof path === 'string' ? path.slice(path.indexOf('/') + 1) : activation.name;
}

/** `toExtendedJson`. */
export function activationJson(activation: Activation): JsonObject {
  return { ...(activation as unknown as JsonObject), response: responseJson(activation.response) };
}

/** `summaryAsJson`. */
export function activationSummaryJson(activation: Activation): JsonObject {
  const { namespace, name, version, publish, annotations, activationId, start, cause, end, duration } = activation;
  return {
    namespace,
    name,
    version,
    publish,
    annotations: annotations as unknown as JsonObject[],
    activationId,
    start,
    ...(cause === undefined ? {} : { cause }),
    ...(end === undefined
      ? {}
      : { end, duration: duration ?? end - start, statusCode: STATUS_CODES[activation.response.status] }),
  };
}
