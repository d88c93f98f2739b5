import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { poll } from './poll.ts';

/**
 * Identity of a process: pids are reused, but a pid with its start time is unique. Undefined if there is no such
 * process or it is a zombie.
 */
export async function processIdentity(pid: number): Promise<string | undefined> {
  return process.platform === 'linux' ? fromProc(pid) : fromPs(pid);
}

/** Fields 3, 20 and 22 of `/proc/<pid>/stat` (proc(5)): state, threads, and start time in clock ticks since boot. */
async function fromProc(pid: number): Promise<string | undefined> {
  try {
    const [stat, boot] = await Promise.all([
      readFile(`/proc/${pid}/stat`, 'utf8'),
      readFile('/proc/sys/kernel/random/boot_id', 'utf8'),
    ]);
    // The second field is the name in parentheses, which can contain blanks and parentheses.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // A process whose first thread is dead keeps its ports until its last thread ends.
    const isDead = fields[0] === 'X' || (fields[0] === 'Z' && Number(fields[17]) <= 1);
    return isDead ? undefined : `${pid}:${boot.trim()}:${fields[19]}`;
  } catch {
    return undefined;
  }
}

async function fromPs(pid: number): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)('ps', ['-o', 'state=,lstart=', '-p', String(pid)], {
      env: { ...process.env, LC_ALL: 'C' },
    });
    const [state, ...started] = stdout.trim().split(/\s+/);
    return !state || state.startsWith('Z') ? undefined : `${pid}:${started.join(' ')}`;
  } catch {
    return undefined;
  }
}

/** A process that might have to be stopped later, perhaps by another process. */
export interface KnownProcess {
  pid: number;
  /** Of {@link processIdentity}. */
  identity: string;
}

export async function isAlive(known: KnownProcess): Promise<boolean> {
  return (await processIdentity(known.pid)) === known.identity;
}

/**
 * Stops a process and waits until it is gone: SIGTERM, then SIGKILL after `graceMs`. Never touches another process
 * that has since received the same pid.
 */
export async function endProcess(known: KnownProcess, graceMs: number): Promise<void> {
  const gone = async () => !(await isAlive(known));
  if (await gone()) return;
  signal(known.pid, 'SIGTERM');
  if (await poll(gone, graceMs)) return;
  signal(known.pid, 'SIGKILL');
  if (!(await poll(gone, KILL_WAIT_MS))) throw new Error(`process ${known.pid} does not stop`);
}

/** The kernel ends a killed process immediately unless it hangs in a system call. */
const KILL_WAIT_MS = 5_000;

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
