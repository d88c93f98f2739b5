import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compileFile, deployFlow, invoke } from './support/flows.ts';
import { FIRST_USE_TIMEOUT_MS } from './support/home.ts';
import { type SharedPlatform, sharedPlatform } from './support/platform.ts';

const root = join(import.meta.dirname, '..');

interface DocumentedFlow {
  name: string;
  yaml: string;
  /** Files that a block beginning with `# name` holds. */
  files: Map<string, string>;
  /** The JSON block after it: the outputs of a run without parameters. */
  outputs: unknown;
}

/** The flows of a document: a YAML block each, with the Python and JSON blocks that follow. */
function flowsOf(document: string): DocumentedFlow[] {
  const flows: DocumentedFlow[] = [];
  for (const [, language, text = ''] of document.matchAll(/^```(\w+)\n(.*?)^```/gms)) {
    const flow = flows.at(-1);
    const name = /^flow: (\w+)/m.exec(text)?.[1];
    if (language === 'yaml' && name) flows.push({ name, yaml: text, files: new Map(), outputs: undefined });
    const file = /^# (\S+\.py)\n/.exec(text)?.[1];
    if (language === 'python' && file) flow?.files.set(file, text);
    if (language === 'json' && flow) flow.outputs ??= JSON.parse(text);
  }
  return flows;
}

const readme = flowsOf(await readFile(join(root, 'README.md'), 'utf8'));

/** Files that the text speaks of but does not show. */
const NOT_SHOWN = new Map([['days.csv', 'mon\ntue\nwed\n']]);

/** A command in a code span or at the beginning of a command line; not "nuvopipe" in a sentence. */
const AS_CODE = /(?:^|`|\(|&& bin\/)nuvopipe(?:\.js)? (local \w+|[a-z]+)/gm;

describe('the flows of the README', function () {
  this.timeout(FIRST_USE_TIMEOUT_MS);
  let shared: SharedPlatform;
  let folder: string;

  before(async () => {
    shared = await sharedPlatform();
    folder = await mkdtemp(join(tmpdir(), 'nuvopipe-docs-'));
  });

  after(() => rm(folder, { recursive: true, force: true }));

  it('are some', () => {
    assert.ok(readme.length >= 4);
    assert.ok(readme.filter(({ outputs }) => outputs !== undefined).length >= 3);
  });

  for (const { name, yaml, files, outputs } of readme) {
    it(`${name} ${outputs === undefined ? 'compiles' : 'runs, with the outputs that are shown'}`, async () => {
      const file = join(folder, `${name}.yaml`);
      for (const [path, text] of [...NOT_SHOWN, ...files, [`${name}.yaml`, yaml] as const]) {
        await writeFile(join(folder, path), text);
      }
      if (outputs === undefined) {
        await compileFile(file);
        return;
      }
      await deployFlow(shared, file);
      const { result } = await invoke(shared, name);
      assert.deepEqual(result, { run: result.run, status: 'succeeded', outputs });
    });
  }

  it('names commands that there are', async () => {
    const text = await readFile(join(root, 'README.md'), 'utf8');
    const manifest = JSON.parse(await readFile(join(root, 'oclif.manifest.json'), 'utf8'));
    const named = [...text.matchAll(AS_CODE)].map(([, command = '']) => command);
    const unknown = named.filter((command) => manifest.commands[command.replace(' ', ':')] === undefined);
    assert.ok(named.length > 10);
    assert.deepEqual([...new Set(unknown)], []);
  });
});
