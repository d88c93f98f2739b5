import { UserError } from '../../base/errors.ts';
import { type FormatName, type ReadFormats, readFormat } from '../../contract/read-format.ts';
import { getJson, type Store, unreadableRecord } from './store.ts';

/** Code of the error for a record that another version of nuvopipe wrote. */
export const OTHER_VERSION = 'other-version';

/**
 * The record under a key; undefined if there is none.
 *
 * @throws SystemError `unreadable-record` for an object that is not a valid record
 * @throws UserError `other-version`
 */
export async function readRecord<F extends FormatName>(
  store: Pick<Store, 'get'>,
  key: string,
  format: F,
): Promise<ReadFormats[F] | undefined> {
  const found = await getJson(store, key);
  return found && recordOf(key, format, found);
}

/** The same of an object that has been read; throws likewise. */
export function recordOf<F extends FormatName>(key: string, format: F, value: unknown): ReadFormats[F] {
  const read = readFormat(format, value);
  if ('value' in read) return read.value;
  if ('problem' in read) {
    throw unreadableRecord(key);
  }
  const version = `version ${String(read.version)} of its format; this version of nuvopipe reads ${read.known}`;
  throw new UserError(OTHER_VERSION, `the record ${key} has ${version}`, 'use the version of nuvopipe that wrote it');
}
