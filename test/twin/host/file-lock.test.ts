import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withLock } from '../../../src/twin/host/file-lock.ts';

const source = new URL('../../../src/twin/host/file-lock.ts', import.meta.url).href;

describe('withLock', () => {
  let folder: string;
  let file: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nuvopipe-lock-'));
    file = join(folder, 'lock');
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('lets one in at a time', async () => {
    let inside = 0;
    let most = 0;
    let waited = 0;
    const visit = () =>
      withLock(
        file,
        async () => {
          most = Math.max(most, ++inside);
          await new Promise((resolve) => setImmediate(resolve));
          inside--;
        },
        () => waited++,
      );
    await Promise.all([visit(), visit(), visit(), visit()]);
    assert.equal(most, 1);
    assert.equal(waited, 3);
    assert.deepEqual(await readdir(folder), []);
  });

  it('is released after a failure, and rethrows the error', async () => {
    await assert.rejects(
      withLock(file, () => Promise.reject(new Error('no'))),
      /^Error: no$/,
    );
    assert.equal(await withLock(file, async () => 'mine'), 'mine');
  });

  it('takes over the lock of a dead process exactly once', async () => {
    const dead = { pid: process.pid, identity: 'a process before', id: 'dead' };
    await writeFile(file, JSON.stringify(dead));
    // Several processes, each of which adds a line of its own under the lock.
    const script = `
      import { readFile, writeFile } from 'node:fs/promises';
      import { withLock } from '${source}';
      await withLock(${JSON.stringify(file)}, async () => {
        const count = Number(await readFile(${JSON.stringify(join(folder, 'count'))}, 'utf8'));
        await new Promise((resolve) => setTimeout(resolve, 20));
        await writeFile(${JSON.stringify(join(folder, 'count'))}, String(count + 1));
      });`;
    await writeFile(join(folder, 'count'), '0');
    const visitors = [1, 2, 3].map(() =>
      spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], { stdio: 'inherit' }),
    );
    const codes = await Promise.all(visitors.map(async (visitor) => (await once(visitor, 'exit'))[0]));
    assert.deepEqual(codes, [0, 0, 0]);
    assert.equal(await readFile(join(folder, 'count'), 'utf8'), '3');
    assert.deepEqual(await readdir(folder), ['count']);
  });
});
