import { zipSync } from 'fflate';

/** The first date that a zip can represent, in local time, so that the time of packing does not matter. */
const MODIFIED = new Date(1980, 0, 1);

/** "Made by Unix", and the mode of a file that everyone can read, as stored in zips. */
const UNIX = 3;
const FILE_ATTRIBUTES = (0o100644 << 16) >>> 0;

/** Zips files sorted by path: the same files give the same bytes. */
export function zipFiles(files: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const sorted = [...files].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return zipSync(Object.fromEntries(sorted), { mtime: MODIFIED, os: UNIX, attrs: FILE_ATTRIBUTES });
}

/** Sizes and signatures of the records of a zip (APPNOTE.TXT 4.3.7, 4.3.12, 4.3.16). */
const LOCAL_SIZE = 30;
const CENTRAL_SIZE = 46;
const CENTRAL_SIGNATURE = 0x02014b50;
const END_SIZE = 22;
const END_SIGNATURE = 0x06054b50;

/** Merges zips; the first entry of a name wins. Compressed data is copied unchanged. */
export function mergeZips(zips: readonly Uint8Array[]): Uint8Array {
  const locals: Buffer[] = [];
  const centrals: Buffer[] = [];
  const names = new Set<string>();
  let offset = 0;
  for (const zip of zips) {
    for (const entry of entriesOf(Buffer.from(zip.buffer, zip.byteOffset, zip.byteLength))) {
      if (names.has(entry.name)) continue;
      names.add(entry.name);
      const central = Buffer.from(entry.central);
      central.writeUInt32LE(offset, 42);
      locals.push(entry.local);
      centrals.push(central);
      offset += entry.local.length;
    }
  }
  const directory = Buffer.concat(centrals);
  const end = Buffer.alloc(END_SIZE);
  end.writeUInt32LE(END_SIGNATURE, 0);
  end.writeUInt16LE(centrals.length, 8);
  end.writeUInt16LE(centrals.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, directory, end]);
}

function* entriesOf(zip: Buffer): Generator<{ name: string; local: Buffer; central: Buffer }> {
  const end = zip.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'));
  if (end < 0) throw new Error('not a zip');
  let at = zip.readUInt32LE(end + 16);
  for (let left = zip.readUInt16LE(end + 10); left > 0; left--) {
    if (zip.readUInt32LE(at) !== CENTRAL_SIGNATURE) throw new Error('the zip is damaged');
    const nameLength = zip.readUInt16LE(at + 28);
    const next = at + CENTRAL_SIZE + nameLength + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
    const start = zip.readUInt32LE(at + 42);
    const header = LOCAL_SIZE + zip.readUInt16LE(start + 26) + zip.readUInt16LE(start + 28);
    yield {
      name: zip.toString('utf8', at + CENTRAL_SIZE, at + CENTRAL_SIZE + nameLength),
      local: zip.subarray(start, start + header + zip.readUInt32LE(at + 20)),
      central: zip.subarray(at, next),
    };
    at = next;
  }
}
