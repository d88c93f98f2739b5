import type { Progress } from '../../base/terminal/progress.ts';
import type { StoreSettings } from '../../contract/records.ts';
import type { WhiskOptions, WhiskSettings } from '../../platform/openwhisk/whisk-settings.ts';
import { clusterSettings } from '../cluster-settings.ts';
import { type StoreFlags, storeFlags } from './store-flags.ts';
import { whiskFlags } from './whisk-flags.ts';

/** Flags that select an OpenWhisk and a datastore; without them, the local platform. */
export const targetFlags = { ...whiskFlags, ...storeFlags };

export interface TargetFlags extends WhiskOptions, StoreFlags {}

/** An OpenWhisk and the datastore of its flows. */
export interface DeployTarget {
  whisk: WhiskSettings;
  store: StoreSettings;
  /** A Python interpreter with pip. */
  python(): Promise<string>;
  /** Actions must bring their dependencies, because a cluster's Python has no Metaflow. */
  vendored: boolean;
  /** The local platform, started by this command. */
  started: boolean;
}

export function isLocal({ apihost, auth, namespace, datastore, endpoint, profile }: TargetFlags): boolean {
  return [apihost, auth, namespace, datastore, endpoint, profile].every((flag) => flag === undefined);
}

/**
 * What the flags name; without them the local platform, which is started if it does not run.
 *
 * @throws UserError for what is missing or malformed.
 */
export async function openTarget(flags: TargetFlags, report: Progress): Promise<DeployTarget> {
  if (!isLocal(flags)) {
    const python = async () => (await (await import('../../twin/host/python-env.ts')).findPython()).path;
    return { ...(await clusterSettings(flags)), python, vendored: true, started: false };
  }
  const { startPlatform } = await import('../../twin/host/platform.ts');
  const { platform, started } = await startPlatform(flags.home, report);
  const { whisk, store, python } = platform;
  return { whisk, store, python: async () => python, vendored: false, started };
}

/** The clients of a target, while the work runs. */
export async function withClients<T>(
  { whisk: whiskSettings, store: storeSettings }: Pick<DeployTarget, 'whisk' | 'store'>,
  work: (clients: Clients) => Promise<T>,
): Promise<T> {
  const [{ openWhisk }, { openStore }] = await Promise.all([
    import('../../platform/openwhisk/client.ts'),
    import('../../platform/s3/store.ts'),
  ]);
  const whisk = openWhisk(whiskSettings);
  try {
    const store = await openStore(storeSettings);
    try {
      return await work({ whisk, store });
    } finally {
      store.close();
    }
  } finally {
    whisk.close();
  }
}

export interface Clients {
  whisk: import('../../platform/openwhisk/client.ts').Whisk;
  store: import('../../platform/s3/store.ts').Store;
}
