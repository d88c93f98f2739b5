import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { poll } from './poll.ts';

/**
 * Which process this is: a pid is used again after its process has died, a pid with the time it started is not.
 * Undefined when there is no such process (a zombie is none).
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
    // The second field is the name in parentheses, which may itself hold blanks and parentheses.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // A process whose first thread is dead keeps its ports until the last one is.
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

/** A process that we may have to end later, perhaps from another process. */
export interface KnownProcess {
  pid: number;
  /** Of {@link processIdentity}. */
  identity: string;
}

export async function isAlive(known: KnownProcess): Promise<boolean> {
  return (await processIdentity(known.pid)) === known.identity;
}

/**
 * Ends a process and does not return before it is gone: SIGTERM, then SIGKILL after `graceMs`.
 * Never touches another process that has got the same pid since.
 */
export async function endProcess(known: KnownProcess, graceMs: number): Promise<void> {
  const gone = async () => !(await isAlive(known));
  if (await gone()) return;
  signal(known.pid, 'SIGTERM');
  if (await poll(gone, graceMs)) return;
  signal(known.pid, 'SIGKILL');
  if (!(await poll(gone, KILL_WAIT_MS))) throw new Error(`process ${known.pid} does not stop`);
}

/** The kernel ends a killed process at once unless it hangs in a system call. */
const KILL_WAIT_MS = 5_000;

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
