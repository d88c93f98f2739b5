import assert from 'node:assert/strict';
import { orAbort } from '../../src/base/abort.ts';

describe('work that a signal can abandon', () => {
  const never = new Promise<string>(() => {});

  it('returns the result without a signal, or before it is aborted', async () => {
    assert.equal(await orAbort(Promise.resolve('done'), undefined), 'done');
    assert.equal(await orAbort(Promise.resolve('done'), new AbortController().signal), 'done');
  });

  it('fails with the reason of a signal that is aborted, before or meanwhile', async () => {
    const controller = new AbortController();
    const waiting = orAbort(never, controller.signal);
    controller.abort(new Error('enough'));
    await assert.rejects(waiting, /enough/);
    await assert.rejects(orAbort(never, controller.signal), /enough/);
  });

  it('passes on the failure of the work', async () => {
    await assert.rejects(orAbort(Promise.reject(new Error('broken')), new AbortController().signal), /broken/);
  });
});
