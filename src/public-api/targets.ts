import type { StoreSettings } from '../contract/records.ts';
import type { Whisk } from '../platform/openwhisk/client.ts';
import type { WhiskOptions, WhiskSettings } from '../platform/openwhisk/whisk-settings.ts';
import type { Store } from '../platform/s3/store.ts';
import type { StoreOptions } from '../platform/s3/store-settings.ts';

export type { StoreSettings } from '../contract/records.ts';
export type { WhiskSettings } from '../platform/openwhisk/whisk-settings.ts';
export type { StoreOptions } from '../platform/s3/store-settings.ts';

/** Where runs are kept. It holds keys: do not log it. */
export interface Datastore {
  store: StoreSettings;
}

/** An OpenWhisk, and the datastore of the flows on it. It holds keys: do not log it. */
export interface Target extends Datastore {
  whisk: WhiskSettings;
  /** Present if it is the local platform. */
  local?: {
    /** Where it keeps its state. */
    home: string;
    /** The Python that runs its steps. */
    python: string;
  };
}

/** What is left out comes from the environment, `.wskprops` and the AWS configuration. */
export interface ClusterOptions extends WhiskOptions, StoreOptions {}

/**
 * Names an OpenWhisk and a datastore. Nothing is asked over a network, except for AWS credentials that come from one.
 *
 * @throws UserError for what is missing or malformed.
 * @example
 * const target = await cluster({ apihost: 'https://host', auth: 'uuid:key', datastore: 's3://bucket/metaflow' });
 */
export async function cluster(options: ClusterOptions = {}): Promise<Target> {
  const { whiskSettings } = await import('../platform/openwhisk/whisk-settings.ts');
  const whisk = await whiskSettings(options);
  return { whisk, ...(await datastore(options)) };
}

/**
 * Names a datastore, to read the runs in it.
 *
 * @throws UserError for what is missing or malformed.
 * @example
 * const runsOfTheTeam = await datastore({ datastore: 's3://bucket/metaflow', profile: 'team' });
 */
export async function datastore(options: StoreOptions = {}): Promise<Datastore> {
  const { storeSettings } = await import('../platform/s3/store-settings.ts');
  return { store: await storeSettings(options) };
}

/** A target's clients, for as long as the work takes. */
export async function withClients<T>(
  { whisk: whiskSettings, store: storeSettings }: Target,
  work: (clients: { whisk: Whisk; store: Store }) => Promise<T>,
): Promise<T> {
  const { openWhisk } = await import('../platform/openwhisk/client.ts');
  const whisk = openWhisk(whiskSettings);
  try {
    return await withStore({ store: storeSettings }, (store) => work({ whisk, store }));
  } finally {
    whisk.close();
  }
}

/** A datastore's client, for as long as the work takes. */
export async function withStore<T>({ store: settings }: Datastore, work: (store: Store) => Promise<T>): Promise<T> {
  const { openStore } = await import('../platform/s3/store.ts');
  const store = await openStore(settings);
  try {
    return await work(store);
  } finally {
    store.close();
  }
}

/** The Python whose pip fetches packages, and the home where they are kept. */
export async function toolsOf(
  { local }: Target,
  options: { python?: string | undefined; home?: string | undefined },
): Promise<{ python: string; home: string; vendored: boolean }> {
  const [{ locatePython }, { homePaths }] = await Promise.all([
    import('../twin/host/python-env.ts'),
    import('../twin/host/platform-state.ts'),
  ]);
  return {
    python: options.python ?? local?.python ?? (await locatePython()).path,
    home: homePaths(options.home ?? local?.home).home,
    vendored: local === undefined,
  };
}
