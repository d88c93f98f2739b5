/** A running container process: its pipes, its end, and how to stop it with all its children. */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';

export interface ContainerProcess {
  readonly pid: number;
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** fd 3: the answers of ActionLoop. */
  readonly answers: Readable;
  /** Settles when the process has ended; its pipes might still hold data. Never rejects. */
  readonly exited: Promise<void>;
  kill(): void;
}

export interface Command {
  readonly executable: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}

/** Starts a process in its own group, so that it can be killed with its children. */
export function startProcess(command: Command): ContainerProcess {
  const child: ChildProcess = spawn(command.executable, command.args, {
    cwd: command.cwd,
    env: command.env,
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
  });
  const [stdin, stdout, stderr, answers] = child.stdio as unknown as [Writable, Readable, Readable, Readable];
  for (const stream of [stdin, stdout, stderr, answers]) stream.on('error', () => {});
  const exited = new Promise<void>((resolve) => {
    child.once('error', () => resolve());
    child.once('exit', () => resolve());
  });
  return {
    pid: child.pid ?? 0,
    stdin,
    stdout,
    stderr,
    answers,
    exited,
    kill: () => killGroup(child.pid),
  };
}

/** Kills a process group. A group that no longer exists is not an error. */
export function killGroup(pid: number | undefined): void {
  if (pid === undefined || pid <= 0) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
