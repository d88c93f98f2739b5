/** Activation records: the latest, in memory and in a file of one line each, so that a restart keeps them. */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { parseJson, toJson } from '../../base/json.ts';
import { type BoundValue, findValue } from './entities.ts';
import { writeFileAtomically } from './files.ts';
import { type Response, responseJson, STATUS_CODES } from './response.ts';
import type { JsonObject } from './spray-json.ts';

/** More than any run of a flow leaves, and a bounded memory: Apache OpenWhisk keeps them in a database. */
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
  /** Absent in a trigger's activation. */
  readonly end?: number;
  readonly duration?: number;
  readonly cause?: string;
  readonly response: Response;
  /** Log lines; the ids of the derived activations for sequences and compositions. */
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
  /** In the order of their end. */
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
      // The last line of a process that was killed may be torn.
      const activation = parseActivation(line);
      if (activation !== undefined) this.#keep(activation, line.length);
    }
    this.#compact();
  }

  /** After `close` nothing is kept: what ends then was killed. */
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

  /** The matching ones, the latest start first. */
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
    // Begins with a newline, so that a torn line before it spoils nothing.
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

/** `package/name` where the action is in a package. */
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
