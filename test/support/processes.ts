import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type KnownProcess, processIdentity } from '../../src/local/process.ts';

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
