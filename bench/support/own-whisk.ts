import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Faults } from '../../src/twin/openwhisk/faults.ts';
import { startWhisk, type WhiskTwin } from '../../src/twin/openwhisk/server.ts';
import type { BenchPlatform } from './platform.ts';

/** The platform with an OpenWhisk in this process: without a container, and with faults, that is hooks, of the benchmark's. */
export async function withOwnWhisk<T>(
  shared: BenchPlatform,
  faults: Faults,
  use: (platform: BenchPlatform, server: WhiskTwin) => Promise<T>,
): Promise<T> {
  const { python, whisk } = shared.platform;
  const stateDir = await mkdtemp(join(tmpdir(), 'nuvopipe-bench-'));
  const server = await startWhisk({
    stateDir,
    auth: whisk.auth,
    namespace: whisk.namespace,
    runtimes: {
      node: { executable: process.execPath },
      python: { executable: python },
      pythonPreload: ['metaflow'],
    },
    faults,
  });
  try {
    return await use({ ...shared, platform: { ...shared.platform, whisk: { ...whisk, apihost: server.url } } }, server);
  } finally {
    await server.close();
    await rm(stateDir, { recursive: true, force: true });
  }
}
