import { zipSync } from 'fflate';

/** The first date that a zip can hold: what is packed tells nothing of when. In local time, as zips have it. */
const MODIFIED = new Date(1980, 0, 1);

/** Bits of a file that is readable by all, as Unix has them in a zip. */
const FILE_MODE = 0o100644;
const UNIX = 3;

/** A zip that depends on nothing but paths and contents. */
export function zip(files: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const options = { mtime: MODIFIED, os: UNIX, attrs: (FILE_MODE << 16) >>> 0 };
  const sorted = [...files].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return zipSync(Object.fromEntries(sorted.map(([path, content]) => [path, [content, options]])));
}
