import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
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

/** Generated pages show parts of flows, and wrong ones; the flow of the page about tests runs in `test/testing/docs.test.ts`. */
const WITHOUT_FLOWS = ['reference.md', 'testing-reference.md', 'errors.md', 'testing.md'];

const docs = (await readdir(join(root, 'docs'))).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`);
const pages = new Map<string, string>();
for (const path of ['README.md', 'CONTRIBUTING.md', ...docs]) pages.set(path, await readFile(join(root, path), 'utf8'));

/** Files that the text mentions but does not show. */
const NOT_SHOWN = new Map([['days.csv', 'mon\ntue\nwed\n']]);

const COMMAND = /(?:^|\(|&& )(?:bin\/)?nuvopipe(?:\.js)? (local \w+|[a-z]+)/gm;

/** The commands in code blocks and code spans of a page. */
function commandsOf(text: string): string[] {
  const blocks = [...text.matchAll(/^```\w*\n(.*?)^```/gms)].map(([, block = '']) => block);
  const spans = [...text.matchAll(/`([^`\n]+)`/g)].map(([, span = '']) => span);
  return [...blocks, ...spans].flatMap((code) => [...code.matchAll(COMMAND)].map(([, command = '']) => command));
}

describe('the flows of the docs', function () {
  this.timeout(FIRST_USE_TIMEOUT_MS);
  let shared: SharedPlatform;
  let folder: string;

  before(async () => {
    shared = await sharedPlatform();
    folder = await mkdtemp(join(tmpdir(), 'nuvopipe-docs-'));
  });

  after(() => rm(folder, { recursive: true, force: true }));

  for (const [path, text] of pages) {
    if (WITHOUT_FLOWS.includes(path.replace('docs/', ''))) continue;
    for (const { name, yaml, files, outputs } of flowsOf(text)) {
      it(`${path}: ${name} ${outputs === undefined ? 'compiles' : 'returns the outputs shown'}`, async () => {
        const file = join(folder, `${name}.yaml`);
        for (const [shown, content] of [...NOT_SHOWN, ...files, [`${name}.yaml`, yaml] as const]) {
          await writeFile(join(folder, shown), content);
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
  }

  it('include the README, the tutorial and one flow per feature', () => {
    const count = (path: string) =>
      flowsOf(pages.get(path) ?? '').filter(({ outputs }) => outputs !== undefined).length;
    assert.equal(count('README.md'), 1);
    assert.equal(count('docs/tutorial.md'), 1);
    assert.ok(count('docs/language.md') >= 8);
  });
});

describe('the docs', () => {
  it('name existing commands', async () => {
    const manifest = JSON.parse(await readFile(join(root, 'oclif.manifest.json'), 'utf8'));
    const named = [...pages.values()].flatMap(commandsOf);
    const unknown = named.filter((command) => manifest.commands[command.replace(' ', ':')] === undefined);
    assert.ok(named.length > 40);
    assert.deepEqual([...new Set(unknown)], []);
  });

  it('link to existing files and headings', async () => {
    const broken: string[] = [];
    let count = 0;
    for (const [path, text] of pages) {
      for (const [, link = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
        if (/^https?:/.test(link)) continue;
        count++;
        const [file = '', anchor] = link.split('#');
        const target = file === '' ? path : join(dirname(path), file);
        const isThere = await stat(join(root, target)).then(
          () => true,
          () => false,
        );
        const hasAnchor = anchor === undefined || anchorsOf(pages.get(target) ?? '').has(anchor);
        if (!isThere || !hasAnchor) broken.push(`${path}: ${link}`);
      }
    }
    assert.ok(count > 50);
    assert.deepEqual(broken, []);
  });

  it('keep the README under 200 lines', () => {
    assert.ok((pages.get('README.md') ?? '').split('\n').length <= 200);
  });
});

/** The anchors that GitHub gives to the headings of a page; those of the references keep their capitals. */
function anchorsOf(text: string): Set<string> {
  const headings = [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading.replace(/[^\w -]/g, '').replaceAll(' ', '-'),
  );
  return new Set([...headings, ...headings.map((heading) => heading.toLowerCase())]);
}
