import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { reportTo } from '../../../src/base/terminal/progress.ts';

/** What a stream gets, with marks in place of the codes that clear a line. */
async function written(isTTY: boolean, details: boolean, use: (report: ReturnType<typeof reportTo>) => void) {
  const stream = Object.assign(new PassThrough(), { isTTY, columns: 40 });
  use(reportTo(stream as unknown as NodeJS.WriteStream, { details }));
  stream.end();
  return (await text(stream)).replaceAll('\u001b[2K\u001b[1G', '<clear>');
}

function deploy(report: ReturnType<typeof reportTo>): void {
  report.progress('Deploying a');
  report.detail('created   action a');
  report.progress('Deploying b');
  report.detail('unchanged action b');
  report.line('Deployed F');
}

describe('the report of work that takes long', () => {
  it('rewrites progress and details in place on a terminal, and keeps lines', async () => {
    assert.equal(
      await written(true, false, deploy),
      'Deploying a<clear>created   action a<clear>Deploying b<clear>unchanged action b<clear>Deployed F\n',
    );
  });

  it('writes lines alone to a file', async () => {
    assert.equal(await written(false, false, deploy), 'Deployed F\n');
  });

  it('keeps details as lines on request', async () => {
    assert.equal(await written(false, true, deploy), 'created   action a\nunchanged action b\nDeployed F\n');
    assert.equal(
      await written(true, true, deploy),
      'Deploying a<clear>created   action a\nDeploying b<clear>unchanged action b\nDeployed F\n',
    );
  });

  it('cuts progress to the width of the terminal', async () => {
    assert.equal((await written(true, false, (report) => report.progress('x'.repeat(100)))).length, 39);
  });
});
