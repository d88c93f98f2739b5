import type { StoreSettings } from '../model/records.ts';
import type { StoreOptions } from '../store/settings.ts';
import type { WhiskOptions, WhiskSettings } from '../whisk/settings.ts';

/**
 * The OpenWhisk and the datastore that the flags, the environment and `.wskprops` name.
 *
 * @throws UserError for what is missing or malformed; nothing is asked over the network.
 */
export async function clusterSettings(
  flags: WhiskOptions & StoreOptions,
): Promise<{ whisk: WhiskSettings; store: StoreSettings }> {
  const [{ whiskSettings }, { storeSettings }] = await Promise.all([
    import('../whisk/settings.ts'),
    import('../store/settings.ts'),
  ]);
  return { whisk: await whiskSettings(flags), store: await storeSettings(flags) };
}
