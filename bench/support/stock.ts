import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { writeBundleFolder } from '../../src/compiler/bundle-folder.ts';
import type { Bundle } from '../../src/contract/manifest.ts';
import type { StoreSettings } from '../../src/contract/records.ts';
import { placeName } from '../../src/platform/s3/store-settings.ts';

const execute = promisify(execFile);

export type Datastore = 'local' | StoreSettings;

/** Stock Metaflow with the `flow.py` of a bundle, in a folder of its own. */
export interface Stock {
  /** `python flow.py --datastore … run`, with Metaflow's own defaults. Rejects where the run did not succeed. */
  run(datastore: Datastore, args?: string[]): Promise<void>;
  remove(): Promise<void>;
}

export async function stockMetaflow(python: string, bundle: Bundle): Promise<Stock> {
  const folder = await mkdtemp(join(tmpdir(), 'nuvopipe-bench-'));
  const place = join(folder, 'bundle');
  await writeBundleFolder(bundle, place);
  return {
    async run(datastore, args = []) {
      const type = datastore === 'local' ? 'local' : 's3';
      // pylint is not there: without the flag each run would begin by looking for it.
      const command = ['flow.py', '--no-pylint', '--quiet', '--datastore', type, 'run', ...args];
      await execute(python, command, { cwd: place, env: environment(folder, datastore), maxBuffer: 64 << 20 });
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

function environment(folder: string, datastore: Datastore): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH,
    HOME: folder,
    USERNAME: 'bench',
    METAFLOW_DEFAULT_METADATA: 'local',
    METAFLOW_DATASTORE_SYSROOT_LOCAL: folder,
    ...(datastore === 'local' ? {} : s3Environment(datastore)),
  };
}

function s3Environment(store: StoreSettings): NodeJS.ProcessEnv {
  return {
    // Beside ours: a run finds no artifact that the other has written already.
    METAFLOW_DATASTORE_SYSROOT_S3: `${placeName(store)}-stock`,
    METAFLOW_S3_ENDPOINT_URL: store.endpoint,
    AWS_ACCESS_KEY_ID: store.accessKeyId,
    AWS_SECRET_ACCESS_KEY: store.secretAccessKey,
    AWS_DEFAULT_REGION: store.region,
  };
}
