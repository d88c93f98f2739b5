import { randomUUID } from 'node:crypto';
import { link, mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { readJson } from './platform-state.ts';
import { poll } from './poll.ts';
import { isAlive, type KnownProcess, processIdentity } from './process-identity.ts';

/** Must exceed the slowest protected operation: building the Python environments over a slow network. */
const LOCK_WAIT_MS = 15 * 60_000;

/**
 * Runs a function while no other process holds the same lock file. The lock of a dead process is ignored.
 *
 * @param onWait called once if another process holds the lock.
 */
export async function withLock<T>(file: string, action: () => Promise<T>, onWait?: () => void): Promise<T> {
  const pid = process.pid;
  const mine: LockRecord = { pid, identity: (await processIdentity(pid)) ?? String(pid), id: randomUUID() };
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  if (!(await take(file, mine))) {
    onWait?.();
    if (!(await poll(() => take(file, mine), LOCK_WAIT_MS))) {
      throw new Error(`another process does not release ${file}`);
    }
  }
  try {
    return await action();
  } finally {
    await rm(file, { force: true });
  }
}

interface LockRecord extends KnownProcess {
  id: string;
}

async function take(file: string, mine: LockRecord): Promise<boolean> {
  if (await linkRecord(file, mine)) return true;
  const holder = await readJson<LockRecord>(file);
  if (holder && !(await isAlive(holder))) await breakStale(file, holder, mine);
  return false;
}

/** A link is created atomically and never replaces another. */
async function linkRecord(file: string, record: LockRecord): Promise<boolean> {
  const draft = `${file}.${record.id}`;
  await writeFile(draft, JSON.stringify(record), { mode: 0o600 });
  try {
    await link(draft, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

/**
 * Removes the lock of a dead process. Only one of several processes can do this: the others might otherwise remove
 * the lock that the first one has just acquired.
 */
async function breakStale(file: string, dead: LockRecord, mine: LockRecord): Promise<void> {
  const breaker = `${file}.break-${dead.id}`;
  if (!(await linkRecord(breaker, mine))) {
    const other = await readJson<LockRecord>(breaker);
    if (other && !(await isAlive(other))) await rm(breaker, { force: true });
    return;
  }
  if ((await readJson<LockRecord>(file))?.id === dead.id) await rm(file, { force: true });
  await rm(breaker, { force: true });
}
