/** A server for a test, and the calls of record.cjs, which recorded the traces. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { strToU8, zipSync } from 'fflate';
import { startWhisk, type WhiskTwin, type WhiskTwinOptions } from '../../../src/twin/openwhisk/server.ts';

export const AUTH = '23bc46b1-71f6-4ed5-8c54-816aa4f8c502:a-key-for-tests';

// biome-ignore lint/suspicious/noExplicitAny: bodies of a REST API, looked into freely by tests
export type Body = any;

export interface Reply {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: Body;
}

const SHOWN_HEADERS = ['x-openwhisk-activation-id', 'content-type', 'location'];

export class Harness {
  readonly stateDir: string;
  readonly #options: Partial<WhiskTwinOptions>;
  #whisk: WhiskTwin | undefined;

  private constructor(stateDir: string, options: Partial<WhiskTwinOptions>) {
    this.stateDir = stateDir;
    this.#options = options;
  }

  /** By default the throttles are out of the way. */
  static async start(options: Partial<WhiskTwinOptions> = {}): Promise<Harness> {
    const harness = new Harness(mkdtempSync(join(tmpdir(), 'nuvopipe-whisk-test-')), options);
    await harness.startServer();
    return harness;
  }

  async startServer(): Promise<void> {
    this.#whisk = await startWhisk({
      stateDir: this.stateDir,
      auth: AUTH,
      runtimes: {
        node: { executable: process.execPath },
        python: { executable: process.env.NUVOPIPE_TEST_PYTHON ?? 'python3' },
        pythonPreload: ['json', 'not_installed_anywhere'],
      },
      ...this.#options,
      limits: { invocationsPerMinute: 10_000, concurrentInvocations: 1000, ...this.#options.limits },
    });
  }

  async restart(): Promise<void> {
    await this.whisk.close();
    await this.startServer();
  }

  async stop(): Promise<void> {
    await this.#whisk?.close();
    rmSync(this.stateDir, { recursive: true, force: true });
  }

  get whisk(): WhiskTwin {
    if (this.#whisk === undefined) throw new Error('not started');
    return this.#whisk;
  }

  /** @param path below `/api/v1/namespaces/`; from the root where it starts with a slash */
  async call(method: string, path: string, body?: unknown, auth = AUTH): Promise<Reply> {
    return this.send(method, path, body === undefined ? undefined : JSON.stringify(body), auth);
  }

  async send(method: string, path: string, body?: string, auth = AUTH): Promise<Reply> {
    const url = path.startsWith('/') ? `${this.whisk.url}${path}` : `${this.whisk.url}/api/v1/namespaces/${path}`;
    const response = await fetch(url, {
      method,
      headers: { authorization: `Basic ${Buffer.from(auth).toString('base64')}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body }),
    });
    const text = await response.text();
    const headers: Record<string, string> = {};
    for (const name of SHOWN_HEADERS) {
      const value = response.headers.get(name);
      if (value !== null) headers[name] = value;
    }
    return { status: response.status, headers, body: parsed(text) };
  }

  put(name: string, code: string, options: Body = {}): Promise<Reply> {
    const { kind = 'nodejs:20', main, ...rest } = options;
    return this.call('PUT', `_/actions/${name}?overwrite=true`, { exec: { kind, code, main }, ...rest });
  }

  python(name: string, code: string, options: Body = {}): Promise<Reply> {
    return this.put(name, code, { kind: 'python:3.11', ...options });
  }

  conductor(name: string, code: string): Promise<Reply> {
    return this.put(name, code, { annotations: [{ key: 'conductor', value: true }] });
  }

  sequence(name: string, components: readonly string[]): Promise<Reply> {
    const exec = { kind: 'sequence', components: components.map((each) => `/_/${each}`) };
    return this.call('PUT', `_/actions/${name}?overwrite=true`, { exec });
  }

  invoke(name: string, params: unknown = {}, query = 'blocking=true'): Promise<Reply> {
    return this.call('POST', `_/actions/${name}?${query}`, params);
  }

  /** The result of a blocking invocation that must succeed. */
  async result(name: string, params: unknown = {}): Promise<Body> {
    const { status, body } = await this.invoke(name, params, 'blocking=true&result=true');
    if (status !== 200) throw new Error(`${name}: ${status} ${JSON.stringify(body)}`);
    return body;
  }

  /** The record of an activation, once it is there. */
  async activation(id: string): Promise<Body> {
    return until(async () => {
      const { status, body } = await this.call('GET', `_/activations/${id}`);
      return status === 200 ? body : undefined;
    });
  }
}

function parsed(text: string): Body {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Polls until there is a value. */
export async function until<T>(get: () => T | undefined | Promise<T | undefined>, patienceMs = 10_000): Promise<T> {
  const end = Date.now() + patienceMs;
  for (;;) {
    const value = await get();
    if (value !== undefined && value !== false) return value;
    if (Date.now() > end) throw new Error('waited in vain');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** A zip archive as an action's code. */
export function zip(files: Readonly<Record<string, string>>): string {
  const entries = Object.fromEntries(Object.entries(files).map(([name, text]) => [name, strToU8(text)]));
  return Buffer.from(zipSync(entries)).toString('base64');
}
