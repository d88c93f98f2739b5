import { silentReport } from '../../src/base/terminal/progress.ts';
import type { RunResult } from '../../src/contract/envelope.ts';
import { keys } from '../../src/contract/layout.generated.ts';
import type { Bundle } from '../../src/contract/manifest.ts';
import { newRunId } from '../../src/platform/runs/invoke.ts';
import { openStore } from '../../src/platform/s3/store.ts';
import { startPlatform } from '../../src/twin/host/platform.ts';
import { poll } from '../../src/twin/host/poll.ts';
import { client, deployFlow, flowFile } from '../../test/support/flows.ts';
import { testHome } from '../../test/support/home.ts';
import type { SharedPlatform } from '../../test/support/platform.ts';

export type BenchPlatform = SharedPlatform;

const RUN_TIMEOUT_MS = 10 * 60_000;

/** A local platform of its own for a benchmark, gone afterwards. */
export async function withPlatform<T>(use: (platform: BenchPlatform) => Promise<T>): Promise<T> {
  const home = await testHome();
  try {
    const { platform } = await startPlatform(home.path, silentReport);
    const store = await openStore(platform.store);
    try {
      return await use({ home: home.path, platform, store });
    } finally {
      store.close();
    }
  } finally {
    await home.remove();
  }
}

/** Compiles and deploys a flow, with the files beside it by name. */
export async function deploy(
  platform: BenchPlatform,
  text: string,
  beside: Record<string, string> = {},
): Promise<Bundle> {
  const { file, remove } = await flowFile(text, beside);
  try {
    return await deployFlow(platform, file);
  } finally {
    await remove();
  }
}

/**
 * One run, by a blocking invocation through the HTTP API; one that takes longer than OpenWhisk lets a client wait is
 * followed in the datastore.
 *
 * @throws where the run did not succeed: it measures nothing
 */
export async function run(platform: BenchPlatform, flow: string, params: object = {}): Promise<void> {
  const id = newRunId(new Date());
  const answer = await client(platform).actions.invoke({ name: flow, params: { ...params, run: id }, blocking: true });
  const answered = answer.response?.result as RunResult | undefined;
  const result = answered === undefined || answered.status === 'running' ? await ending(platform, flow, id) : answered;
  if (result?.status !== 'succeeded') throw new Error(`${flow}/${id}: ${JSON.stringify(result)}`);
}

async function ending({ store }: BenchPlatform, flow: string, id: string): Promise<RunResult | undefined> {
  let result: RunResult | undefined;
  await poll(async () => {
    const found = await store.get(keys.result({ flow, run: id }));
    if (found !== undefined) result = JSON.parse(Buffer.from(found.body).toString());
    return found !== undefined;
  }, RUN_TIMEOUT_MS);
  return result;
}
