import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { strFromU8, unzipSync } from 'fflate';
import { readBundleFolder, writeBundleFolder } from '../../src/compiler/bundle-folder.ts';
import { bundleOf, compileFlow } from '../../src/compiler/compile-flow.ts';
import type { Bundle } from '../../src/contract/manifest.ts';
import { fileText, Workshop } from './flows.ts';

const FLOW = `
flow: Titles
code: [titles.py, "lib/**/*.py", data]
steps:
  - step: start
    call: titles:shout
  - step: next_one
    run: self.x = 1
    resources: { memory: 512 }
`;

describe('bundle', () => {
  let workshop: Workshop;
  before(async () => {
    workshop = await Workshop.open();
    await workshop.write({
      'titles.py': 'def shout():\n    return {}\n',
      'lib/a/one.py': '1\n',
      'lib/two.py': '2\n',
      'lib/two.txt': 'no\n',
      'lib/__pycache__/two.cpython-311.pyc': 'no',
      'data/table.csv': 'é,1\n',
    });
  });
  after(() => workshop.close());

  it('has in the zip the runtime, the program, the plan, the flow file and the code', async () => {
    const bundle = await workshop.bundle(FLOW);
    const zipped = unzipSync(bundle.files.get('step.zip') as Uint8Array);
    assert.deepEqual(Object.keys(zipped), [
      ...[
        '__main__.py',
        'flow/data/table.csv',
        'flow/flow.py',
        'flow/flow.yaml',
        'flow/lib/a/one.py',
        'flow/lib/two.py',
      ],
      ...['flow/plan.json', 'flow/titles.py', 'metaflow_extensions/nuvopipe/plugins/mfextinit_nuvopipe.py'],
      ...['nuvopipe_runtime/__init__.py', 'nuvopipe_runtime/protocol/session.py'],
    ]);
    assert.equal(strFromU8(zipped['flow/flow.yaml'] as Uint8Array), FLOW);
    assert.equal(strFromU8(zipped['flow/data/table.csv'] as Uint8Array), 'é,1\n');
    assert.deepEqual(JSON.parse(strFromU8(zipped['flow/plan.json'] as Uint8Array)), bundle.plan);
  });

  it('says in the manifest how it is deployed', async () => {
    const { manifest, files } = await workshop.bundle(FLOW);
    assert.deepEqual(
      Object.keys(manifest.files),
      [...files.keys()].filter((path) => path !== 'manifest.json').toSorted(),
    );
    const { flowVersion: version, conductor } = manifest;
    assert.match(version, /^[0-9a-f]{8}$/);
    assert.deepEqual(
      [manifest.flow, manifest.package, conductor.name, conductor.versioned],
      ['Titles', 'Titles.steps', 'Titles', `flow-${version}`],
    );
    assert.deepEqual(
      manifest.steps.map(({ name, memoryMB, timeLimitMs }) => [name, memoryMB, timeLimitMs]),
      [
        [`p256-60s-${version}`, 256, 75_000],
        [`p512-60s-${version}`, 512, 75_000],
      ],
    );
  });

  it('is the same bytes for the same input', async () => {
    const first = await workshop.bundle(FLOW);
    await utimes(workshop.path('titles.py'), 1, 1);
    const second = await workshop.bundle(FLOW);
    assert.deepEqual([...first.files.keys()], [...second.files.keys()]);
    for (const [path, content] of first.files)
      assert.ok(Buffer.from(content).equals(second.files.get(path) as Uint8Array), path);
    await workshop.write({ 'titles.py': 'def shout():\n    return {"a": 1}\n' });
    const third = await workshop.bundle(FLOW);
    assert.notEqual(third.manifest.hash, first.manifest.hash);
    assert.equal(fileText(third, 'flow.py'), fileText(first, 'flow.py'));
  });

  it('changes its version only if a run would execute something else', async () => {
    const versionOf = async (flow: string) => (await workshop.bundle(flow)).manifest.flowVersion;
    const first = await versionOf(FLOW);
    assert.equal(await versionOf(`${FLOW}# a remark\n`), first);
    const others = [FLOW.replace('self.x = 1', 'self.x = 2'), FLOW.replace('512', '1024'), `${FLOW}tags: [other]\n`];
    const versions: string[] = [];
    for (const other of others) versions.push(await versionOf(other));
    for (const [path, content] of [
      ['titles.py', 'def shout():\n    return {"b": 2}\n'],
      ['data/manifest.json', '{}'],
    ] as const) {
      await workshop.write({ [path]: content });
      versions.push(await versionOf(FLOW));
    }
    assert.equal(new Set([first, ...versions]).size, 1 + versions.length);
  });

  it('does not follow links out of the folder or accept reserved names', async () => {
    await mkdir(workshop.path('links'));
    await symlink('/etc/hostname', workshop.path('links/host.py'));
    await workshop.write({ 'plan.json': '{}' });
    const { bundle, diagnostics } = await workshop.compile(
      'flow: F\ncode: ["links/*", plan.json]\nsteps: [{ step: a, run: pass }]\n',
    );
    assert.equal(bundle, undefined);
    assert.deepEqual(
      diagnostics.map(({ code }) => code),
      ['code-outside', 'code-name-taken'],
    );
    await rm(workshop.path('plan.json'));
  });

  it('reports a flow error if a sequence is requested explicitly', async () => {
    const result = await workshop.compile('flow: F\nsteps: []\n');
    assert.throws(() => bundleOf(result), {
      name: 'FlowError',
      code: 'invalid-flow',
      message: /flow\.yaml has an error$/,
    });
  });

  it('compiles every example', async () => {
    const examples = new URL('../../examples/', import.meta.url).pathname;
    for (const name of await readdir(examples)) {
      const { diagnostics } = await compileFlow(`${examples}${name}/flow.yaml`, {
        runtimeDir: workshop.path('runtime'),
      });
      assert.deepEqual(diagnostics, [], name);
    }
  });

  describe('in a folder', () => {
    let bundle: Bundle;
    let dir: string;
    beforeEach(async () => {
      bundle = await workshop.bundle(FLOW);
      dir = workshop.path('out/Titles');
      await writeBundleFolder(bundle, dir);
    });
    afterEach(() => rm(workshop.path('out'), { recursive: true, force: true }));

    it('reads what it has written', async () => {
      const read = await readBundleFolder(dir);
      assert.deepEqual(read.manifest, bundle.manifest);
      assert.deepEqual(read.plan, bundle.plan);
      for (const [path, content] of bundle.files)
        assert.ok(Buffer.from(content).equals(read.files.get(path) as Uint8Array), path);
    });

    it('replaces a bundle, and leaves nothing beside it', async () => {
      await workshop.write({ 'out/Titles/left-over': 'x' });
      await writeBundleFolder(bundle, dir);
      assert.deepEqual(await readdir(workshop.path('out')), ['Titles']);
      assert.deepEqual((await readdir(dir)).toSorted(), [...bundle.files.keys()].toSorted());
    });

    it('leaves a folder alone that is no bundle', async () => {
      await workshop.write({ 'out/mine/notes.txt': 'x' });
      await assert.rejects(writeBundleFolder(bundle, workshop.path('out/mine')), { code: 'not-a-bundle' });
      assert.deepEqual(await readdir(workshop.path('out/mine')), ['notes.txt']);
      await workshop.write({ 'out/file': 'x' });
      await assert.rejects(writeBundleFolder(bundle, workshop.path('out/file')), { name: 'UserError' });
      await assert.rejects(writeBundleFolder(bundle, workshop.path('out/file/below')), { name: 'UserError' });
    });

    it('detects changed or missing files and a changed manifest', async () => {
      await workshop.write({ 'out/Titles/flow.py': 'import os\n' });
      await assert.rejects(readBundleFolder(dir), { code: 'broken-bundle', message: /^flow\.py in / });
      await rm(workshop.path('out/Titles/flow.py'));
      await assert.rejects(readBundleFolder(dir), { code: 'broken-bundle', message: /flow\.py is missing/ });
      await writeBundleFolder(bundle, dir);
      const manifest = JSON.parse(await readFile(`${dir}/manifest.json`, 'utf8'));
      delete manifest.files['wait.js'];
      await writeFile(`${dir}/manifest.json`, JSON.stringify(manifest));
      await assert.rejects(readBundleFolder(dir), { code: 'broken-bundle' });
      await writeFile(`${dir}/manifest.json`, '{"version": 1, ');
      await assert.rejects(readBundleFolder(dir), { code: 'broken-bundle' });
      await writeFile(`${dir}/manifest.json`, '{"version": 2, "compiler": "9.0.0"}');
      await assert.rejects(readBundleFolder(dir), { code: 'bundle-version', message: /made by nuvopipe 9\.0\.0/ });
      await assert.rejects(readBundleFolder(workshop.path('lib')), { code: 'not-a-bundle' });
    });

    it('does not read outside of its folder', async () => {
      const manifest = { ...bundle.manifest, files: { ...bundle.manifest.files, '../../titles.py': 'x' } };
      await writeFile(`${dir}/manifest.json`, JSON.stringify(manifest));
      await assert.rejects(readBundleFolder(dir), { code: 'broken-bundle' });
    });
  });
});
