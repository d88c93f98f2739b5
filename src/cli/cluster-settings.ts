import type { StoreSettings } from '../contract/records.ts';
import type { WhiskOptions, WhiskSettings } from '../platform/openwhisk/whisk-settings.ts';
import type { StoreOptions } from '../platform/s3/store-settings.ts';

/**
 * The OpenWhisk and the datastore that the flags, the environment and `.wskprops` name.
 *
 * @throws UserError for what is missing or malformed; nothing is asked over the network.
 */
export async function clusterSettings(
  flags: WhiskOptions & StoreOptions,
): Promise<{ whisk: WhiskSettings; store: StoreSettings }> {
  const [{ whiskSettings }, { storeSettings }] = await Promise.all([
    import('../platform/openwhisk/whisk-settings.ts'),
    import('../platform/s3/store-settings.ts'),
  ]);
  return { whisk: await whiskSettings(flags), store: await storeSettings(flags) };
}
