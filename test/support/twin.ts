import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prefixes } from '../../src/contract/layout.generated.ts';
import type { StoreSettings, TaskRecord } from '../../src/contract/records.ts';
import { startMetadataService } from '../../src/platform/metadata/service.ts';
import { openStore } from '../../src/platform/s3/store.ts';
import type { Platform } from '../../src/twin/host/platform-state.ts';
import { startS3Server } from '../../src/twin/host/s3-server.ts';
import type { Activation } from '../../src/twin/openwhisk/activation-store.ts';
import type { Faults } from '../../src/twin/openwhisk/faults.ts';
import type { NamespaceLimits } from '../../src/twin/openwhisk/namespace-limits.ts';
import { startWhisk, type WhiskTwin, type WhiskTwinOptions } from '../../src/twin/openwhisk/server.ts';
import { testPython } from './home.ts';
import type { SharedPlatform } from './platform.ts';

export const TWIN_AUTH = '5bc46b1a-71f6-4ed5-8c54-816aa4f8c502:the-key-of-a-twin-is-looked-for-everywhere';
export const TWIN_SECRET = 'the-secret-of-a-twin-is-looked-for-everywhere';

/** A platform of one test file in the test's own process, so that it can be given faults; and all that a test asks of it. */
export interface Twin extends SharedPlatform {
  server: WhiskTwin;
  /** Looked at whenever something happens; a test deletes its own functions when it is done. */
  faults: Mutable<Faults>;
  /** All records so far, logs included, oldest first. */
  activations(): Promise<Activation[]>;
  /** Objects that a run keeps beside Metaflow's: their keys below its prefix. */
  keys(flow: string, run: string): Promise<string[]>;
  /** The committed record of each task, by `step/task`. */
  tasks(flow: string, run: string): Promise<Map<string, TaskRecord>>;
  close(): Promise<void>;
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

export interface TwinOptions {
  /** By default the throttles are out of the way. */
  limits?: Partial<NamespaceLimits>;
  /** The containers' interpreter; without it that of the local platform, with Metaflow imported beforehand. */
  python?: string;
  /** Of all containers together, MB. */
  poolMemoryMb?: number;
  /** The alarm feeds, with a clock that the test moves. */
  alarms?: WhiskTwinOptions['alarms'];
  /** Another S3 than MiniStack; the twin closes it. */
  s3?: () => Promise<TestS3>;
}

export interface TestS3 {
  store: StoreSettings;
  close(): Promise<void>;
}

const OUT_OF_THE_WAY: Partial<NamespaceLimits> = { invocationsPerMinute: 10_000, concurrentInvocations: 1_000 };

let shared: Promise<Twin> | undefined;

/** The one twin of all test files that need no other. Faults have to look whose flow they meet. */
export function sharedTwin(): Promise<Twin> {
  shared ??= startTwin();
  return shared;
}

// Of the root suite: after all files.
after(async function () {
  this.timeout(60_000);
  await (await shared)?.close();
  shared = undefined;
});

/** Call it in a `before` hook with `FIRST_USE_TIMEOUT_MS`. */
export async function startTwin(options: TwinOptions = {}): Promise<Twin> {
  const { limits = OUT_OF_THE_WAY, python, poolMemoryMb, alarms, s3: otherS3 } = options;
  const environments = await testPython();
  const home = await mkdtemp(join(tmpdir(), 'nuvopipe-twin-'));
  const miniStack = () =>
    startS3Server({
      python: environments.s3,
      dataFolder: join(home, 's3'),
      logFile: join(home, 's3.log'),
      port: 0,
      accessKeyId: 'NUVOPIPETWIN',
      secretAccessKey: TWIN_SECRET,
    });
  const s3 = await (otherS3 ?? miniStack)();
  const store = await openStore(s3.store);
  const metadata = await startMetadataService({ store, port: 0 });
  const faults: Mutable<Faults> = {};
  const server = await startWhisk({
    stateDir: join(home, 'whisk'),
    auth: TWIN_AUTH,
    runtimes: {
      node: { executable: process.execPath },
      python: { executable: python ?? environments.runtime },
      pythonPreload: python === undefined ? ['metaflow'] : [],
    },
    limits,
    faults,
    ...(poolMemoryMb === undefined ? {} : { poolMemoryMb }),
    ...(alarms === undefined ? {} : { alarms }),
  });
  const platform: Platform = {
    version: 1,
    nuvopipe: 'test',
    pid: process.pid,
    identity: '',
    started: Date.now(),
    whisk: { apihost: server.url, auth: TWIN_AUTH, namespace: 'guest' },
    store: s3.store,
    s3: { pid: process.pid, identity: '' },
    metadataUrl: metadata.url,
    python: environments.runtime,
  };
  const keys = async (flow: string, run: string) => {
    const prefix = prefixes.run({ flow, run });
    const found: string[] = [];
    for await (const { key } of store.list(prefix)) found.push(key.slice(prefix.length));
    return found;
  };
  return {
    home,
    platform,
    server,
    store,
    faults,
    keys,
    async activations() {
      const found: Activation[] = [];
      const authorization = `Basic ${Buffer.from(TWIN_AUTH).toString('base64')}`;
      for (;;) {
        const url = `${server.url}/api/v1/namespaces/_/activations?docs=true&limit=200&skip=${found.length}`;
        const page = (await (await fetch(url, { headers: { authorization } })).json()) as Activation[];
        found.push(...page);
        if (page.length === 0) return found.reverse();
      }
    },
    async tasks(flow, run) {
      const commits = (await keys(flow, run)).filter((key) => /^tasks\/.*\/commit$/.test(key));
      const records = await Promise.all(
        commits.map(async (key): Promise<TaskRecord> => {
          const found = await store.get(prefixes.run({ flow, run }) + key);
          return JSON.parse(Buffer.from(found?.body ?? '').toString());
        }),
      );
      return new Map(records.map((record) => [`${record.step}/${record.task}`, record]));
    },
    async close() {
      await server.close();
      await metadata.close();
      store.close();
      await s3.close();
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** Whether an action's path is that of a flow's conductor: of the one that clients invoke, or of the one of a version. */
export function isConductor(path: string, flow: string): boolean {
  return path === `guest/${flow}` || path.startsWith(`guest/${flow}.steps/flow-`);
}
