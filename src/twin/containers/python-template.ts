/**
 * The counterpart of `runtime/launchers/python_template.py`: a warm interpreter that is forked for each Python
 * container.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type ContainerProcess, killGroup } from './container-process.ts';

/** How long a fork can take to connect before a plain start is used instead. */
const FORK_PATIENCE_MS = 10_000;
/** Maximum length of an ID, a descriptor and a process ID. A longer message does not come from a fork. */
const HEAD_MAX_LENGTH = 64;
/** stdin, stdout, stderr and fd 3. */
const PIPES = 4;

export interface TemplateOptions {
  readonly executable: string;
  readonly templatePath: string;
  readonly launcherPath: string;
  readonly env: Readonly<Record<string, string>>;
  readonly preload: readonly string[];
}

interface Waiting {
  readonly sockets: (Socket | undefined)[];
  readonly resolve: (process: ContainerProcess) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

export class PythonTemplate {
  readonly #child: ChildProcess;
  readonly #server: Server;
  readonly #socketDir: string;
  readonly #ready: Promise<boolean>;
  readonly #waiting = new Map<string, Waiting>();
  readonly #exits = new Map<string, () => void>();
  #alive = true;

  constructor(options: TemplateOptions) {
    // Outside the state directory, because the path of a Unix socket has at most 108 characters.
    this.#socketDir = mkdtempSync(join(tmpdir(), 'nuvopipe-'));
    const address = join(this.#socketDir, 's');
    this.#server = createServer((socket) => this.#accept(socket));
    this.#server.on('error', () => this.#end());
    const listening = new Promise<void>((resolve) => this.#server.listen(address, resolve));
    this.#server.unref();
    this.#child = spawn(options.executable, [options.templatePath, address, options.launcherPath, ...options.preload], {
      cwd: this.#socketDir,
      env: options.env,
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore', 'pipe'],
    });
    this.#child.stdin?.on('error', () => {});
    this.#child.once('error', () => this.#end());
    this.#child.once('exit', () => this.#end());
    const events = createInterface({ input: this.#child.stdio[3] as Socket });
    this.#ready = new Promise((resolve) => {
      events.on('line', (line) => {
        const event = JSON.parse(line) as { ready?: true; id?: string };
        if (event.ready) listening.then(() => resolve(this.#alive));
        else if (event.id !== undefined) this.#exits.get(event.id)?.();
      });
      events.once('close', () => resolve(false));
    });
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** Forks a container. @throws if the template has ended or does not answer: start a plain process instead */
  async fork(dir: string, main: string, env: Readonly<Record<string, string>>): Promise<ContainerProcess> {
    if (!(await this.#ready)) throw new Error('the template has ended');
    const id = randomUUID();
    return new Promise((resolve, reject) => {
      const fail = (error: Error) => {
        this.#waiting.delete(id);
        for (const socket of waiting.sockets) socket?.destroy();
        reject(error);
      };
      const timer = setTimeout(() => fail(new Error('the template does not answer')), FORK_PATIENCE_MS);
      const waiting: Waiting = { sockets: new Array(PIPES), resolve, reject: fail, timer };
      this.#waiting.set(id, waiting);
      this.#child.stdin?.write(`${JSON.stringify({ id, dir, main, env })}\n`);
    });
  }

  /** Stops the template; the owners of its forks stop those. */
  close(): void {
    killGroup(this.#child.pid);
    this.#end();
  }

  #accept(socket: Socket): void {
    socket.on('error', () => {});
    let head = '';
    const read = () => {
      for (let byte = socket.read(1) as Buffer | null; byte !== null; byte = socket.read(1) as Buffer | null) {
        if (byte[0] !== 10) {
          head += byte.toString('latin1');
          if (head.length <= HEAD_MAX_LENGTH) continue;
          socket.destroy();
          return;
        }
        socket.off('readable', read);
        this.#connected(socket, head);
        return;
      }
    };
    socket.on('readable', read);
  }

  #connected(socket: Socket, head: string): void {
    const [id = '', fd, pid] = head.split(' ');
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) {
      socket.destroy();
      return;
    }
    waiting.sockets[Number(fd)] = socket;
    const [stdin, stdout, stderr, answers] = waiting.sockets;
    if (!stdin || !stdout || !stderr || !answers) return;
    this.#waiting.delete(id);
    clearTimeout(waiting.timer);
    stdin.resume();
    const exited = new Promise<void>((resolve) => {
      const done = () => {
        this.#exits.delete(id);
        resolve();
      };
      this.#exits.set(id, done);
      answers.once('close', done);
    });
    waiting.resolve({
      pid: Number(pid),
      stdin,
      stdout,
      stderr,
      answers,
      exited,
      kill: () => killGroup(Number(pid)),
    });
  }

  #end(): void {
    if (!this.#alive) return;
    this.#alive = false;
    for (const waiting of this.#waiting.values()) {
      clearTimeout(waiting.timer);
      waiting.reject(new Error('the template has ended'));
    }
    this.#server.close();
    rmSync(this.#socketDir, { recursive: true, force: true });
  }
}
