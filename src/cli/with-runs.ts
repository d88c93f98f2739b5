import { RunReader } from '../runs/reader.ts';
import { chosenStore, type StoreFlags } from './store-flags.ts';

/** Reads runs in the datastore that the flags name, and closes it. */
export async function withRuns<T>(flags: StoreFlags, use: (reader: RunReader) => Promise<T>): Promise<T> {
  const { openStore } = await import('../store/store.ts');
  const store = await openStore(await chosenStore(flags));
  try {
    return await use(new RunReader(store));
  } finally {
    store.close();
  }
}
