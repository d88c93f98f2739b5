import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';

const root = join(import.meta.dirname, '..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');

type Validate = (source: string) => { errors: object[] };
const { validateAction, validateWorkflow } = createRequire(import.meta.url)('@action-validator/core') as {
  validateAction: Validate;
  validateWorkflow: Validate;
};

interface Step {
  run?: string;
  uses?: string;
  env?: Record<string, string>;
}

describe('GitHub files', () => {
  const workflows = readdirSync(join(root, '.github/workflows')).map((file) => `.github/workflows/${file}`);

  it('finds every workflow and the action valid by GitHub’s schemas', () => {
    assert.notEqual(workflows.length, 0);
    for (const workflow of workflows) assert.deepEqual(validateWorkflow(read(workflow)).errors, [], workflow);
    assert.deepEqual(validateAction(read('action.yml')).errors, []);
  });

  it('runs only npm scripts that exist', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const named = workflows.flatMap((file) => [...read(file).matchAll(/npm run (\S+)/g)].map(([, name]) => name));
    assert.deepEqual(
      named.filter((name) => !Object.hasOwn(scripts, name as string)),
      [],
    );
  });

  it('uses exactly the inputs of the action', () => {
    const action = parse(read('action.yml')) as { inputs: Record<string, unknown> };
    const used = [...read('action.yml').matchAll(/inputs\.([\w-]+)/g)].map(([, name]) => name as string);
    assert.deepEqual([...new Set(used)].toSorted(), Object.keys(action.inputs).toSorted());
  });

  it('passes every variable that scripts/action.sh reads', () => {
    const { runs } = parse(read('action.yml')) as { runs: { steps: Step[] } };
    const script = read('scripts/action.sh');
    for (const variable of ['FLOWS', 'TESTS', 'REPORT', 'APIHOST', 'AUTH', 'NAMESPACE', 'DATASTORE', 'ENDPOINT']) {
      assert.match(script, new RegExp(`\\$\\{?${variable}\\b`));
      assert.ok(
        runs.steps.some(({ env }) => env && variable in env),
        variable,
      );
    }
  });

  it('describes every issue form with a name, a description and fields', () => {
    const forms = readdirSync(join(root, '.github/ISSUE_TEMPLATE')).filter((file) => file !== 'config.yml');
    for (const form of forms) {
      const { name, description, body } = parse(read(`.github/ISSUE_TEMPLATE/${form}`));
      assert.ok(name && description && Array.isArray(body), form);
      const ids = body.flatMap(({ id }: { id?: string }) => id ?? []);
      assert.equal(new Set(ids).size, ids.length, `${form} has a field twice`);
    }
  });
});

describe('scripts/action.sh', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'nuvopipe-action-'));
    mkdirSync(join(folder, 'bin'));
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  /** Puts the program in the folder on the path, in place of an installed nuvopipe. */
  function run(task: string, env: Record<string, string>) {
    const { status, stdout, stderr } = spawnSync('bash', [join(root, 'scripts/action.sh'), task], {
      cwd: folder,
      encoding: 'utf8',
      env: {
        ...process.env,
        PATH: `${join(folder, 'bin')}:${process.env.PATH}`,
        GITHUB_ACTION_PATH: root,
        NUVOPIPE_HOME: join(folder, 'home'),
        ...env,
      },
    });
    return { status, stdout, stderr };
  }

  function useReal(): void {
    symlinkSync(join(root, 'bin/nuvopipe.js'), join(folder, 'bin/nuvopipe'));
  }

  /** Records its arguments, one call a line, and the key that it finds in its environment. */
  function useRecorder(): () => string[] {
    const program = join(folder, 'bin/nuvopipe');
    writeFileSync(program, `#!/bin/bash\n(IFS='|'; echo "$*|key=\${__OW_API_KEY-}") >> "${folder}/calls"\n`);
    chmodSync(program, 0o755);
    return () => readFileSync(join(folder, 'calls'), 'utf8').trimEnd().split('\n');
  }

  function write(path: string, text: string): void {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), text);
  }

  it('validates all flows that match, and annotates the line of each problem', () => {
    useReal();
    write('flows/good/flow.yaml', 'flow: GoodFlow\nsteps:\n  - step: only\n    run: self.x = 1\n');
    write('flows/bad one/flow.yaml', 'flow: BadFlow\nsteps:\n  - step: only\n    rum: self.x = 1\n');
    const { status, stdout, stderr } = run('validate', { FLOWS: 'flows/**/flow.yaml\n' });
    assert.equal(status, 2, stderr);
    assert.match(stdout, /GoodFlow is valid/);
    assert.ok(stdout.includes(`::add-matcher::${root}/.github/problem-matcher.json`));
    const { problemMatcher } = JSON.parse(read('.github/problem-matcher.json'));
    const [{ regexp, ...groups }] = problemMatcher[0].pattern;
    const problems = stderr.split('\n').flatMap((line) => {
      const match = new RegExp(regexp).exec(line);
      return match ? [Object.fromEntries(Object.entries(groups).map(([key, at]) => [key, match[at as number]]))] : [];
    });
    const [{ message, ...problem } = { message: '' }] = problems;
    assert.deepEqual(problem, {
      ...{ file: 'flows/bad one/flow.yaml', line: '4', column: '5' },
      ...{ severity: 'error', code: 'unknown-key' },
    });
    assert.match(message as string, /rum/);
  });

  it('fails if no flow matches', () => {
    useReal();
    const { status, stdout } = run('validate', { FLOWS: 'flows/*.yaml' });
    assert.equal(status, 2);
    assert.match(stdout, /::error::No flow file matches: flows\/\*\.yaml/);
  });

  it('tests the given paths, and writes a report on request', () => {
    const calls = useRecorder();
    run('test', { TESTS: '.', REPORT: '' });
    run('test', { TESTS: 'a b\nc', REPORT: 'out put.xml' });
    assert.deepEqual(calls(), ['test|.|key=', 'test|a b|c|--reporter|junit|--output|out put.xml|key=']);
  });

  it('deploys with the flags that are given, and passes the key in the environment only', () => {
    const calls = useRecorder();
    write('one.yaml', '');
    write('two.yaml', '');
    const none = { APIHOST: '', AUTH: '', NAMESPACE: '', DATASTORE: '', ENDPOINT: '' };
    run('deploy', { ...none, FLOWS: '*.yaml', __OW_API_KEY: 'from:outside' });
    run('deploy', { ...none, FLOWS: 'one.yaml', AUTH: 'uuid:key', APIHOST: 'https://h', DATASTORE: 's3://b/p' });
    assert.deepEqual(calls(), [
      'deploy|one.yaml|key=from:outside',
      'deploy|two.yaml|key=from:outside',
      'deploy|one.yaml|--apihost|https://h|--datastore|s3://b/p|key=uuid:key',
    ]);
  });
});
