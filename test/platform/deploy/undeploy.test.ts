import assert from 'node:assert/strict';
import type { UserError } from '../../../src/base/errors.ts';
import { silentReport } from '../../../src/base/terminal/progress.ts';
import { keys } from '../../../src/contract/layout.generated.ts';
import { deployBundle } from '../../../src/platform/deploy/deploy-bundle.ts';
import { undeployFlow } from '../../../src/platform/deploy/undeploy-flow.ts';
import { openWhisk, type Whisk } from '../../../src/platform/openwhisk/client.ts';
import { caseFile } from '../../support/cases.ts';
import { compileFile } from '../../support/flows.ts';
import { FIRST_USE_TIMEOUT_MS } from '../../support/home.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { startTwin, type Twin } from '../../support/twin.ts';

describe('undeploy', function () {
  this.timeout(FIRST_USE_TIMEOUT_MS);
  let twin: Twin;
  let whisk: Whisk;

  before(async () => {
    twin = await startTwin({ alarms: { clock: new ManualClock('2026-01-05T00:00:00Z') } });
    whisk = openWhisk({ ...twin.platform.whisk, insecure: false });
  });
  after(async () => {
    whisk.close();
    await twin.close();
  });

  async function deploy(file: string): Promise<void> {
    await deployBundle({
      ...{ bundle: await compileFile(caseFile('wf_undeploy', file)), whisk, store: twin.store },
      ...{ python: twin.platform.python, home: twin.home, vendored: false, user: 'ada', triggers: true },
      report: silentReport,
    });
  }
  const remove = (flow: string, force = false) =>
    undeployFlow({ whisk, store: twin.store, flow, force, report: silentReport });
  const names = async (collection: 'triggers' | 'rules') =>
    (await whisk.list(collection)).map(({ name }) => name).toSorted();

  it('deletes a flow under its old name, with its schedule, and leaves the one with the new name', async () => {
    await deploy('v1.yaml');
    await deploy('v2.yaml');
    const done = await remove('NightlyFlow');
    assert.ok(done.every(({ outcome }) => outcome === 'deleted'));
    assert.equal(await whisk.getAction('NightlyFlow'), undefined);
    assert.equal(await whisk.getPackage('NightlyFlow.steps'), undefined);
    assert.ok((await names('rules')).every((name) => name.startsWith('NightlyReport.')));
    assert.deepEqual(
      (await names('triggers')).filter((name) => name.startsWith('NightlyFlow')),
      [],
    );
    assert.ok(await whisk.getAction('NightlyReport'));
    assert.ok((await names('triggers')).some((name) => name.startsWith('NightlyReport')));
  });

  it('refuses a flow that is not deployed', async () => {
    await assert.rejects(remove('NightlyFlow'), (error: UserError) => error.code === 'unknown-flow');
  });

  it('refuses a flow with live runs, unless it is forced', async () => {
    await twin.store.put(keys.live({ flow: 'NightlyReport', run: 'run-1' }), '{}');
    await assert.rejects(remove('NightlyReport'), (error: UserError) => {
      assert.equal(error.code, 'runs-are-live');
      assert.match(error.message, /^1 run of NightlyReport would stall: NightlyReport\/run-1$/);
      return true;
    });
    assert.ok(await whisk.getAction('NightlyReport'));
    await remove('NightlyReport', true);
    assert.equal(await whisk.getAction('NightlyReport'), undefined);
    await twin.store.delete(keys.live({ flow: 'NightlyReport', run: 'run-1' }));
  });

  it('leaves actions of other owners and reports that the undeploy is incomplete', async () => {
    await deploy('v1.yaml');
    await whisk.putAction('NightlyFlow.steps/mine', {
      exec: { kind: 'nodejs:20', code: 'function main() { return {} }' },
      annotations: [],
      parameters: [],
    } as never);
    await assert.rejects(
      remove('NightlyFlow'),
      (error: Error & { code: string }) => error.code === 'undeploy-incomplete',
    );
    assert.ok(await whisk.getAction('NightlyFlow.steps/mine'));
    await whisk.deleteAction('NightlyFlow.steps/mine');
    await remove('NightlyFlow');
    assert.equal(await whisk.getPackage('NightlyFlow.steps'), undefined);
  });
});
