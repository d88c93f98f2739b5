/**
 * The runtimes: how a container of each language is started, initialised and invoked so that it behaves like the
 * action image's proxy over HTTP, with a status and a body.
 */
import { delimiter, dirname, isAbsolute, join } from 'node:path';
import { toJson } from '../../base/json.ts';
import { LAUNCHERS_DIR } from '../../base/package-files.ts';
import { type ActionCode, type CodeCache, CodeError } from './action-code.ts';
import { Container, type Exchange } from './container.ts';
import { type ContainerProcess, startProcess } from './container-process.ts';
import { PythonTemplate } from './python-template.ts';

/** How a container of each language is started. */
export interface RuntimeOptions {
  readonly node: { readonly executable: string; readonly env?: Readonly<Record<string, string>> };
  readonly python: { readonly executable: string; readonly env?: Readonly<Record<string, string>> };
  /** Modules that the Python template imports once for all containers; missing ones are skipped. */
  readonly pythonPreload?: readonly string[];
}

/** The proxy's HTTP answer; `exited` and `timed-out` are what its caller sees if there is none. */
export type ProxyReply =
  | { readonly kind: 'replied'; readonly status: number; readonly body: string; readonly lengthBytes: number }
  | { readonly kind: 'exited' }
  | { readonly kind: 'timed-out' };

export interface Initializer {
  readonly code: ActionCode;
  /** The action's `main`: a function, or `module.function` for zipped Node actions. */
  readonly main: string;
  /** `__OW_*` variables and init parameters. */
  readonly env: Readonly<Record<string, string>>;
}

export interface InitializedContainer {
  readonly container: Container;
  readonly reply: ProxyReply;
  /** A line the proxy itself adds to the log of a failed initialisation. */
  readonly logLine: string | undefined;
}

export class Runtimes {
  readonly #options: RuntimeOptions;
  readonly #codes: CodeCache;
  readonly #maxAnswerBytes: number;
  readonly #now: () => number;
  #template: PythonTemplate | undefined;
  #closed = false;

  constructor(options: RuntimeOptions, codes: CodeCache, maxAnswerBytes: number, now: () => number) {
    this.#options = options;
    this.#codes = codes;
    this.#maxAnswerBytes = maxAnswerBytes;
    this.#now = now;
  }

  /** Starts a container and passes it its code. @param logLimitBytes of the waiting activation */
  initialize(init: Initializer, timeoutMs: number, logLimitBytes: number): Promise<InitializedContainer> {
    return init.code.language === 'node'
      ? this.#initializeNode(init, timeoutMs, logLimitBytes)
      : this.#initializePython(init, timeoutMs, logLimitBytes);
  }

  /** Runs one activation. @param message ActionLoop's request, one JSON object */
  async run(
    container: Container,
    language: ActionCode['language'],
    message: object,
    timeoutMs: number,
  ): Promise<ProxyReply> {
    const answer = await container.exchange(toJson(message), timeoutMs);
    return language === 'node' ? nodeReply(answer) : pythonReply(answer);
  }

  close(): void {
    this.#closed = true;
    this.#template?.close();
  }

  async #initializeNode(init: Initializer, timeoutMs: number, logLimitBytes: number): Promise<InitializedContainer> {
    const { node } = this.#options;
    const { dir, problem } = await this.#unpacked(init.code);
    const container = this.#container(
      startProcess({
        executable: node.executable,
        args: [join(LAUNCHERS_DIR, 'node.cjs')],
        env: { ...baseEnvironment(node.executable), ...node.env },
        cwd: dir ?? LAUNCHERS_DIR,
      }),
    );
    container.beginLogs(logLimitBytes);
    if (problem !== undefined) {
      const body = JSON.stringify({ error: `Initialization has failed due to: ${problem}` });
      container.kill();
      return { container, reply: replied(502, body), logLine: `Error during initialization: ${problem}` };
    }
    const request = init.code.binary
      ? { main: init.main, dir, env: init.env }
      : { main: init.main, code: init.code.text, env: init.env };
    const answer = await container.exchange(JSON.stringify({ init: request }), timeoutMs);
    return { container, reply: nodeReply(answer), logLine: undefined };
  }

  /** The folder of an action's code, or why it cannot be unpacked. */
  async #unpacked(code: Initializer['code']): Promise<{ dir?: string | undefined; problem?: string }> {
    try {
      return { dir: await this.#codes.directory(code) };
    } catch (error) {
      if (!(error instanceof CodeError)) throw error;
      return { problem: error.message };
    }
  }

  async #initializePython(init: Initializer, timeoutMs: number, logLimitBytes: number): Promise<InitializedContainer> {
    const { python } = this.#options;
    const { dir = LAUNCHERS_DIR, problem } = await this.#unpacked(init.code);
    const env = {
      ...this.#pythonEnvironment(),
      ...init.env,
      __OW_WAIT_FOR_ACK: '1',
    };
    const container = this.#container(await this.#startPython(python.executable, dir, init.main, env));
    container.beginLogs(logLimitBytes);
    if (problem !== undefined) {
      container.kill();
      return { container, reply: proxyError(502, problem), logLine: undefined };
    }
    const answer = await container.exchange(undefined, timeoutMs);
    if (answer.kind === 'timed-out') return { container, reply: answer, logLine: undefined };
    if (answer.kind === 'exited') {
      return {
        container,
        reply: proxyError(502, 'Cannot start action. Check logs for details.'),
        logLine: 'Command exited abruptly during initialization.',
      };
    }
    const ack = acknowledgement(answer.line.text);
    if (ack === undefined) {
      return {
        container,
        reply: proxyError(502, 'Cannot start action. Check logs for details.'),
        logLine: 'The action did not acknowledge being started.',
      };
    }
    if (ack.ok) return { container, reply: replied(200, '{"ok":true}\n'), logLine: undefined };
    return {
      container,
      reply: proxyError(502, 'The action failed to generate or locate a binary. See logs for details.'),
      logLine: ack.problem?.trimEnd(),
    };
  }

  async #startPython(
    executable: string,
    dir: string,
    main: string,
    env: Readonly<Record<string, string>>,
  ): Promise<ContainerProcess> {
    const template = this.#pythonTemplate();
    try {
      return await template.fork(dir, main, env);
    } catch {
      return startProcess({ executable, args: [join(LAUNCHERS_DIR, 'python.py'), main], env, cwd: dir });
    }
  }

  #pythonTemplate(): PythonTemplate {
    if (this.#template?.alive !== true) {
      this.#template = new PythonTemplate({
        executable: this.#options.python.executable,
        templatePath: join(LAUNCHERS_DIR, 'python_template.py'),
        launcherPath: join(LAUNCHERS_DIR, 'python.py'),
        env: this.#pythonEnvironment(),
        preload: this.#options.pythonPreload ?? [],
      });
      if (this.#closed) this.#template.close();
    }
    return this.#template;
  }

  #pythonEnvironment(): Record<string, string> {
    const { python } = this.#options;
    return { ...baseEnvironment(python.executable), PYTHONIOENCODING: 'UTF-8', ...HASH_SEED, ...python.env };
  }

  #container(process: ContainerProcess): Container {
    const container = new Container(process, this.#maxAnswerBytes, this.#now);
    if (this.#closed) container.kill();
    return container;
  }
}

/**
 * The same as `HASH_SEED` in the runtime's `warm_processes.py`, so that forks of the template pickle sets in the same
 * order as others.
 */
const HASH_SEED = { PYTHONHASHSEED: '0' };

/** The environment of a container: enough to find programs and a place for temporary files. */
function baseEnvironment(executable: string): Record<string, string> {
  const env: Record<string, string> = { LANG: 'C.UTF-8' };
  for (const name of ['PATH', 'HOME', 'TMPDIR']) {
    const value = process.env[name];
    if (value !== undefined) env[name] = value;
  }
  // Programs beside an interpreter (in its virtual environment) belong to it.
  if (isAbsolute(executable)) env.PATH = `${dirname(executable)}${delimiter}${env.PATH ?? ''}`;
  return env;
}

function replied(status: number, body: string): ProxyReply {
  return { kind: 'replied', status, body, lengthBytes: Buffer.byteLength(body) };
}

/** openwhisk-runtime-go, `sendError`: a JSON object and a newline. */
function proxyError(status: number, message: string): ProxyReply {
  return replied(status, `${JSON.stringify({ error: message })}\n`);
}

/** The Node launcher's answer is `STATUS JSON`. */
function nodeReply(answer: Exchange): ProxyReply {
  if (answer.kind !== 'answered') return answer;
  const { text, lengthBytes } = answer.line;
  const status = Number(text.slice(0, 3));
  return { kind: 'replied', status, body: text.slice(4), lengthBytes: lengthBytes - 4 };
}

/** openwhisk-runtime-go, `runHandler`. The proxy passes the line on with its newline. */
function pythonReply(answer: Exchange): ProxyReply {
  if (answer.kind === 'timed-out') return answer;
  if (answer.kind === 'exited') return proxyError(400, 'command exited');
  const { text, lengthBytes } = answer.line;
  if (lengthBytes <= Buffer.byteLength(text) && !isObjectOrArray(text)) {
    return proxyError(502, 'The action did not return a dictionary or array.');
  }
  return { kind: 'replied', status: 200, body: `${text}\n`, lengthBytes: lengthBytes + 1 };
}

/** Undefined if the action wrote something else. */
function acknowledgement(text: string): { ok: boolean; problem?: string } | undefined {
  try {
    const { ok, problem } = JSON.parse(text);
    if (typeof ok !== 'boolean') return undefined;
    return typeof problem === 'string' ? { ok, problem } : { ok };
  } catch {
    return undefined;
  }
}

/** `null` too: Go's `json.Unmarshal` accepts it as a map. */
function isObjectOrArray(text: string): boolean {
  try {
    return typeof JSON.parse(text) === 'object';
  } catch {
    return false;
  }
}
