import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { FIRST_USE_TIMEOUT_MS, type TestHome, testHome } from './support/home.ts';

const root = join(import.meta.dirname, '..');
const bin = (name: string) => join(root, 'node_modules/.bin', name);

/** A program that uses the API as a TypeScript user does, and holds some of its types to what they should be. */
const CONSUMER = `
import { compile, FlowError, local, runs, UserError, validate, type Diagnostic, type RunStatus, type Target } from 'nuvopipe';

export async function main(target: Target): Promise<void> {
  const { valid, diagnostics } = await validate('flow.yaml');
  const first: Diagnostic | undefined = diagnostics[0];
  const line: number | undefined = first?.range.start.line;
  const { bundle } = await compile('flow.yaml');
  const { status, outputs } = await runs.start(target, bundle.manifest.flow, {
    parameters: { count: 1 },
    onStatus: (now: RunStatus) => now.steps.map(({ succeeded }) => succeeded + 1),
    signal: AbortSignal.timeout(1000),
  });
  // @ts-expect-error: a run has no such status
  const isOdd = status === 'odd';
  const platform = await local.find();
  const home: string | undefined = platform?.local.home;
  for await (const { text } of runs.logs(target, 'F/r', { follow: true })) text.trim();
  console.log(valid, line, outputs, isOdd, home, new FlowError({ name: '', text: '' }, []) instanceof UserError);
}
`;

describe('the package', function () {
  this.timeout(FIRST_USE_TIMEOUT_MS);
  let folder: string;
  let installed: string;
  let home: TestHome;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nuvopipe-package-'));
    home = await testHome();
    // dist was built before the tests; --ignore-scripts does not build it again.
    await run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], root);
    const [tarball = ''] = (await readdir(folder)).filter((name) => name.endsWith('.tgz'));
    await writeFile(join(folder, 'package.json'), '{ "private": true, "type": "module" }');
    const flags = ['--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts'];
    await run('npm', ['install', ...flags, `./${tarball}`]);
    installed = join(folder, 'node_modules/nuvopipe');
  });

  after(async () => {
    await home.remove();
    await rm(folder, { recursive: true, force: true });
  });

  /** Runs a program in the folder. @throws with its output, if it fails */
  async function run(command: string, args: string[], cwd = folder): Promise<{ stdout: string; stderr: string }> {
    const env = { ...process.env, NUVOPIPE_HOME: home.path };
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    const closed = new Promise<number | null>((resolve) => child.once('close', resolve));
    const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), closed]);
    assert.equal(code, 0, `${command} ${args.join(' ')}\n${stdout}\n${stderr}`);
    return { stdout, stderr };
  }

  it('brings no tests and no sources, and a licence for each bundled package', async () => {
    const files = await readdir(installed, { recursive: true });
    const unwanted = files.filter((file) =>
      /(^|\/)(test_|conftest|__pycache__)|^(src|test|runtime\/tests)\//.test(file),
    );
    assert.deepEqual(unwanted, []);
    for (const file of ['LICENSE', 'CHANGELOG.md', 'dist/LICENSES.txt', 'schemas/flow.v1.schema.json', 'docs/api.md'])
      assert.ok(files.includes(file), file);
  });

  it('declares its entry points as publint wants them', async () => {
    await run(bin('publint'), [installed, '--pack', 'false', '--strict']);
  });

  it('runs a flow with npx nuvopipe', async () => {
    await cp(join(installed, 'examples/hello/flow.yaml'), join(folder, 'flow.yaml'));
    const { stdout } = await run('npx', ['--no', 'nuvopipe', 'run', 'flow.yaml', '-p', 'who=Ada', '--json']);
    assert.deepEqual(JSON.parse(stdout).outputs, { greeting: 'HELLO, ADA!' });
  });

  it('runs a flow in a program that imports it', async () => {
    await cp(join(installed, 'examples/embed'), join(folder, 'embed'), { recursive: true });
    const { stdout, stderr } = await run(process.execPath, [join(folder, 'embed/embed.mjs')]);
    assert.equal(stdout, 'succeeded {"net":150,"gross":165}\nsum_up: 2 lines\n');
    assert.match(stderr, /^2 of 2 steps$/m);
  });

  it('throws errors of the classes that it exports', async () => {
    await writeFile(join(folder, 'wrong.yaml'), 'flow: WrongFlow\nsteps: []\n');
    const program = `
      import { compile, FlowError, readBundle, UserError } from 'nuvopipe';
      const thrown = (call) => call.catch((error) => error);
      const [flow, bundle] = await Promise.all([thrown(compile('wrong.yaml')), thrown(readBundle('nowhere'))]);
      console.log(flow instanceof FlowError, flow instanceof UserError, bundle instanceof UserError, bundle.code);`;
    await writeFile(join(folder, 'errors.mjs'), program);
    assert.equal((await run(process.execPath, ['errors.mjs'])).stdout, 'true true true not-a-bundle\n');
  });

  it('has types that programs with nodenext and with bundler resolution find', async () => {
    await writeFile(join(folder, 'consumer.ts'), CONSUMER);
    const program = await readFile(join(folder, 'embed/embed.mjs'), 'utf8').catch(() => '');
    await writeFile(join(folder, 'program.mjs'), program);
    for (const [module, moduleResolution] of [
      ['nodenext', 'nodenext'],
      ['esnext', 'bundler'],
    ]) {
      const compilerOptions = {
        ...{ module, moduleResolution, target: 'es2023', strict: true, noEmit: true, skipLibCheck: false },
        ...{ exactOptionalPropertyTypes: true, checkJs: true },
        ...{ types: ['node'], typeRoots: [join(root, 'node_modules/@types')] },
      };
      const config = { compilerOptions, files: ['consumer.ts', 'program.mjs'] };
      await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config));
      await run(bin('tsc'), ['-p', folder]);
    }
  });
});
