import { paletteFor } from '../base/terminal/palette.ts';
import { RunReader } from '../platform/runs/reader.ts';
import { chosenStore, type StoreFlags } from './flags/store-flags.ts';

/** Opens the datastore in the flags for reading runs, and closes it afterwards. */
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

/** Maximum number of keys listed, because a damaged datastore can have many. */
const NAMED_MAX = 5;

/** Reports skipped objects of the datastore on stderr. */
export function warnOfUnreadable({ unreadable, ofOtherVersion }: RunReader): void {
  const problems = [
    ...[...unreadable].map((key) => ({ key, problem: 'it is not a valid record' })),
    ...[...ofOtherVersion].map((key) => ({ key, problem: 'another version of nuvopipe wrote it' })),
  ];
  const keys = problems.toSorted((a, b) => (a.key < b.key ? -1 : 1));
  const { yellow } = paletteFor(process.stderr);
  for (const { key, problem } of keys.slice(0, NAMED_MAX)) {
    process.stderr.write(`${yellow('skipped')} ${key}: ${problem}\n`);
  }
  if (keys.length > NAMED_MAX)
    process.stderr.write(`${yellow('skipped')} ${keys.length - NAMED_MAX} more invalid records\n`);
}
