import { paletteFor } from '../base/terminal/palette.ts';
import { RunReader } from '../platform/runs/reader.ts';
import { chosenStore, type StoreFlags } from './flags/store-flags.ts';

/** Reads runs in the datastore that the flags name, and closes it. */
export async function withRuns<T>(flags: StoreFlags, use: (reader: RunReader) => Promise<T>): Promise<T> {
  const { openStore } = await import('../platform/s3/store.ts');
  const store = await openStore(await chosenStore(flags));
  const reader = new RunReader(store);
  try {
    return await use(reader);
  } finally {
    warnOfUnreadable(reader);
    store.close();
  }
}

/** Keys that are named; of a damaged datastore all would be too many. */
const NAMED_MAX = 5;

/** Says on stderr which objects of the datastore were skipped. */
export function warnOfUnreadable({ unreadable }: RunReader): void {
  const keys = [...unreadable].toSorted();
  const { yellow } = paletteFor(process.stderr);
  for (const key of keys.slice(0, NAMED_MAX)) {
    process.stderr.write(`${yellow('skipped')} ${key}: it is not a valid record\n`);
  }
  if (keys.length > NAMED_MAX)
    process.stderr.write(`${yellow('skipped')} ${keys.length - NAMED_MAX} more invalid records\n`);
}
