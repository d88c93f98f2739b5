import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  compile,
  draw,
  explain,
  type FlowError,
  flowNameProblem,
  formatDiagnostics,
  neededSecrets,
  readBundle,
  requireSecrets,
  runs,
  startLocal,
  validate,
  writeBundle,
} from '../../src/index.ts';

const FLOW = `flow: PairFlow
parameters:
  count: { type: integer, required: true }
steps:
  - step: first
    secrets: [TOKEN]
    run: self.x = self.count
  - step: second
    run: self.y = self.x
`;

describe('the public API', () => {
  let folder: string;
  let good: string;
  let bad: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nuvopipe-api-'));
    good = join(folder, 'good.yaml');
    bad = join(folder, 'bad.yaml');
    await writeFile(good, FLOW);
    await writeFile(bad, FLOW.replace('run: self.y', 'rum: self.y'));
  });

  after(() => rm(folder, { recursive: true, force: true }));

  it('validates a flow file', async () => {
    const { valid, flow, diagnostics } = await validate(good);
    assert.deepEqual({ valid, flow, diagnostics }, { valid: true, flow: 'PairFlow', diagnostics: [] });
  });

  it('returns the problems of an invalid flow as diagnostics, and formats them', async () => {
    const checked = await validate(bad);
    assert.equal(checked.valid, false);
    const [{ code, file, range, hint } = assert.fail('no diagnostic')] = checked.diagnostics;
    assert.deepEqual(
      [code, file, range.start, hint],
      ['unknown-key', bad, { line: 9, column: 5 }, 'did you mean "run"?'],
    );
    assert.ok(formatDiagnostics(checked).startsWith(`${bad}:9:5: error[unknown-key]: `));
    assert.ok(formatDiagnostics(checked, { color: true }).includes('\u001b['));
  });

  it('rejects an invalid flow with a FlowError that has all diagnostics', async () => {
    for (const call of [() => compile(bad), () => draw(bad, { format: 'svg' })]) {
      const error = await call().catch((reason: FlowError) => reason);
      assert.ok('diagnostics' in error);
      assert.equal('code' in error && error.code, 'invalid-flow');
      assert.ok(error.diagnostics.some(({ code }) => code === 'unknown-key'));
    }
  });

  it('compiles, writes, reads and explains a bundle', async () => {
    const { bundle } = await compile(good);
    const out = join(folder, 'out');
    await writeBundle(bundle, out);
    assert.equal((await readBundle(out)).manifest.hash, bundle.manifest.hash);
    const { flow, fits } = await explain(bundle);
    assert.deepEqual([flow, fits], ['PairFlow', true]);
  });

  it('draws a flow in each format', async () => {
    assert.match((await draw(good, { format: 'mermaid' })).drawing, /^flowchart TD$/m);
    assert.match((await draw(good, { format: 'svg' })).drawing, /^<svg/);
    assert.match((await draw(good, { format: 'terminal', columns: 40 })).drawing, /PairFlow/);
  });

  it('names the secrets that a flow needs, and rejects missing ones', async () => {
    const { bundle } = await compile(good);
    assert.deepEqual(await neededSecrets(bundle), ['TOKEN']);
    await requireSecrets(bundle, { TOKEN: 'x' });
    await assert.rejects(requireSecrets(bundle, {}), { name: 'UserError', code: 'missing-secrets' });
  });

  it('reads parameters as the command line does', async () => {
    const { bundle } = await compile(good);
    assert.deepEqual(await runs.parseParameters(bundle, ['count=7']), { count: 7 });
    await assert.rejects(runs.parseParameters(bundle, []), { name: 'UserError', code: 'missing-parameter' });
  });

  it('says why a flow cannot have a name', async () => {
    assert.equal(await flowNameProblem('PairFlow'), undefined);
    assert.equal((await flowNameProblem('my flow'))?.code, 'bad-flow-name');
  });

  it('starts no platform for a signal that is aborted already', async () => {
    const signal = AbortSignal.abort(new Error('not any more'));
    await assert.rejects(startLocal({ home: join(folder, 'home'), signal }), /not any more/);
  });
});
