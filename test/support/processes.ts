import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { type KnownProcess, processIdentity } from '../../src/twin/host/process-identity.ts';

/** A process that does nothing but live. */
export async function idleProcess(
  script = 'setInterval(() => {}, 1e6)',
): Promise<KnownProcess & { child: ChildProcess }> {
  const child = spawn(process.execPath, ['-e', `${script}; process.stdout.write("up")`], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  await once(child.stdout as NodeJS.ReadableStream, 'data');
  const pid = child.pid as number;
  return { pid, identity: (await processIdentity(pid)) as string, child };
}

/** Command lines of the processes that have to do with a folder: in their arguments, environment or working directory. */
export async function processesOf(folder: string): Promise<string[]> {
  const found: string[] = [];
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) continue;
    try {
      const [arguments_, environment, cwd] = await Promise.all([
        readFile(`/proc/${pid}/cmdline`, 'utf8'),
        readFile(`/proc/${pid}/environ`, 'utf8'),
        readlink(`/proc/${pid}/cwd`),
      ]);
      if ([arguments_, environment, cwd].some((text) => text.includes(folder))) {
        found.push(`${pid} ${arguments_.replaceAll('\0', ' ')}`);
      }
    } catch {
      // It has ended meanwhile.
    }
  }
  return found;
}
