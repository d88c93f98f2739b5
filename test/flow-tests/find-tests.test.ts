import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { findTestFiles, flowBeside } from '../../src/flow-tests/find-tests.ts';

describe('finding tests', () => {
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nuvopipe-find-'));
    const flow = 'flow: F\n';
    const files = {
      'shop/shop.yaml': flow,
      'shop/other.yml': flow,
      'shop/shop.test.yaml': '',
      'shop/some.test.yml': '',
      'one/flow.yaml': flow,
      'one/settings.yaml': 'a: 1\n',
      'one/any.test.yaml': '',
      'none/a.test.yaml': '',
      'node_modules/x/x.test.yaml': '',
      '.hidden/x.test.yaml': '',
    };
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), text);
    }
  });
  after(() => rm(folder, { recursive: true }));

  it('searches folders in path order and finds each file once', async () => {
    const found = await findTestFiles([join(folder, 'shop/some.test.yml'), folder]);
    assert.deepEqual(
      found.map((path) => path.slice(folder.length + 1)),
      ['shop/some.test.yml', 'none/a.test.yaml', 'one/any.test.yaml', 'shop/shop.test.yaml'],
    );
  });

  it('refuses what is not there, what is no test, and nothing at all', async () => {
    await assert.rejects(findTestFiles([join(folder, 'gone')]), { code: 'no-such-file' });
    await assert.rejects(findTestFiles([join(folder, 'one/flow.yaml')]), { code: 'not-a-test' });
    await mkdir(join(folder, 'empty'));
    await assert.rejects(findTestFiles([join(folder, 'empty')]), { code: 'no-tests' });
  });

  it('uses the named flow, the one of the same name, or the only one', async () => {
    const beside = (test: string, named?: string) => flowBeside(join(folder, test), named);
    assert.equal(await beside('shop/shop.test.yaml'), join(folder, 'shop/shop.yaml'));
    assert.equal(await beside('one/any.test.yaml'), join(folder, 'one/flow.yaml'));
    assert.equal(await beside('none/a.test.yaml', '../one/flow.yaml'), join(folder, 'one/flow.yaml'));
    assert.deepEqual(await beside('shop/some.test.yml'), {
      problem: 'there are 2 flow files beside this file: other.yml, shop.yaml',
    });
    assert.deepEqual(await beside('none/a.test.yaml'), { problem: 'there is no flow file beside this file' });
  });
});
