import { zipSync } from 'fflate';

/** The first date that a zip can represent, so that the time of packing does not matter. In local time, as in zips. */
const MODIFIED = new Date(1980, 0, 1);

/** Unix mode of a world-readable file, as stored in zips. */
const FILE_MODE = 0o100644;
const UNIX = 3;

/** Creates a zip that depends only on paths and contents. */
export function zip(files: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const options = { mtime: MODIFIED, os: UNIX, attrs: (FILE_MODE << 16) >>> 0 };
  const sorted = [...files].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return zipSync(Object.fromEntries(sorted.map(([path, content]) => [path, [content, options]])));
}
