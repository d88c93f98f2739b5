import assert from 'node:assert/strict';
import { answer } from '../../runtime/conductor/answer.js';
import { calls, failCall, giveAnswer, takeCall } from '../../runtime/conductor/call.js';
import { handleDeath } from '../../runtime/conductor/death.js';
import { enter } from '../../runtime/conductor/enter.js';
import { pause } from '../../runtime/conductor/pause.js';
import { main as wait } from '../../runtime/conductor/wait.js';
import { goesOn, goOn, isBefore, isStandIn, remember, stays, waits } from '../../runtime/conductor/walk.js';

const AT_STEP: Envelope = { run: 'r', block: 'b', step: 's', at: [], used: 3 };

describe('conductor: enter', () => {
  const entered = enter('nuvopipe', 'b', 's');

  it('uses the envelope a session was launched with', () => {
    assert.deepEqual(entered({ nuvopipe: AT_STEP, n: 1 }), AT_STEP);
  });

  it('names a run after the time and the activation', () => {
    process.env.__OW_ACTIVATION_ID = 'f00dfacecafe';
    const { run } = entered({});
    delete process.env.__OW_ACTIVATION_ID;
    assert.match(run, /^20\d{12}-f00dface$/);
  });

  it('leaves what OpenWhisk adds out of the parameters', () => {
    assert.deepEqual(entered({ run: 1, n: 2, __ow_headers: {}, __ow_path: '' }), {
      ...{ run: '1', block: 'b', step: 's', at: [], home: true },
      params: { n: 2 },
    });
  });

  it('keeps the waiting time of the client', () => {
    assert.equal(entered({ run: 'r', wait: 0 }).answerWithin, 0);
    assert.ok(!('answerWithin' in entered({ run: 'r' })));
  });

  it('cancels and resumes', () => {
    assert.deepEqual(entered({ cancel: 7 }), { run: '7', block: 'b', step: 's', at: [], home: true, cancel: true });
    const { origin, params } = entered({ resume: 'r1', from: 's', run: 'r2' });
    assert.deepEqual([origin, params], [['r1', 's'], {}]);
  });
});

describe('conductor: walk', () => {
  it('continues while the envelope names a block', () => {
    assert.equal(goesOn(AT_STEP).value, true);
    assert.equal(goesOn({ run: 'r', result: { run: 'r', status: 'succeeded' } }).value, false);
  });

  it('leaves a block for another one or for a pause', () => {
    const inB = stays('b');
    assert.equal(inB(AT_STEP).value, true);
    assert.equal(inB({ ...AT_STEP, block: 'c' }).value, false);
    assert.equal(inB({ ...AT_STEP, wait: 10 }).value, false);
  });

  it('selects blocks by sorted names', () => {
    assert.equal(isBefore('c')(AT_STEP).value, true);
    assert.equal(isBefore('b')(AT_STEP).value, false);
  });

  it('has a stand-in do the step that names it', () => {
    assert.equal(isStandIn(1)({ ...AT_STEP, standIn: 1 }).value, true);
    assert.equal(isStandIn(1)(AT_STEP).value, false);
  });

  it('keeps an envelope without a decision', () => {
    assert.deepEqual(remember({ ...AT_STEP, value: true }), AT_STEP);
    assert.deepEqual(goOn(), AT_STEP);
  });
});

describe('conductor: pause', () => {
  it('waits only for an envelope that asks for it', () => {
    assert.equal(waits(AT_STEP).value, false);
    assert.equal(waits({ ...AT_STEP, wait: 0 }).value, false);
    assert.equal(waits({ ...AT_STEP, wait: 1 }).value, true);
  });

  it('makes several pauses of a long one, and counts each', () => {
    const shortened = pause(100);
    assert.deepEqual(shortened({ ...AT_STEP, wait: 150, value: true }), { wait: 100 });
    assert.deepEqual(saved, { ...AT_STEP, used: 4, wait: 50 });
    assert.deepEqual(shortened(saved), { wait: 50 });
    assert.deepEqual(saved, { ...AT_STEP, used: 5 });
  });

  it('answers an empty object after the pause', async () => {
    assert.deepEqual(await wait({ wait: 1 }), {});
  });
});

describe('conductor: call', () => {
  it('passes arguments to the action, and the envelope with the answer to the step', () => {
    assert.equal(calls(AT_STEP).value, false);
    const asks = calls({ ...AT_STEP, call: { n: 1 } });
    assert.equal(asks.value, true);
    assert.deepEqual(takeCall(asks), { n: 1 });
    assert.deepEqual(giveAnswer(100)({ m: 2 }), { ...AT_STEP, used: 4, answer: { result: { m: 2 } } });
  });

  it('refuses an answer that is too large', () => {
    remember(AT_STEP);
    const { answer: given } = giveAnswer(10)({ text: 'x'.repeat(20) });
    assert.deepEqual(given, { error: 'its answer has 31 bytes: a step takes 10 at most' });
  });

  it('passes the shortened error of an action with its name to the step', () => {
    const failed = failCall(10, 5);
    assert.deepEqual(failed({ error: 'boom' }), { nuvopipeFailed: 'boom' });
    assert.deepEqual(failed({ error: { error: 'x'.repeat(20) } }), { nuvopipeFailed: `${'x'.repeat(10)}…` });
    assert.deepEqual(failed({ error: { message: 'm', name: 'Oops' } }), {
      nuvopipeFailed: { name: 'Oops', message: 'm' },
    });
    assert.deepEqual(failed({ error: { message: 'm', name: 'TooLong' } }), { nuvopipeFailed: 'm' });
    assert.deepEqual(failed({ error: { code: 7 } as never }), { nuvopipeFailed: '{"code":7}' });
    remember(AT_STEP);
    assert.deepEqual(giveAnswer(100)({ nuvopipeFailed: 'boom' }), { ...AT_STEP, answer: { error: 'boom' } });
  });
});

describe('conductor: death', () => {
  const constants = { flow: 'F', version: '1234', standIns: 2, maxBytes: 20, notResolved: 'Failed to' };
  const handled = (envelope: Envelope, error: unknown) => {
    remember(envelope);
    return handleDeath(constants)({ error: error as string });
  };

  it('enters the step once more with the text of the error', () => {
    assert.deepEqual(handled(AT_STEP, 'gone'), { ...AT_STEP, used: 4, died: 'gone' });
    assert.equal((handled(AT_STEP, { error: 'é'.repeat(20) }) as Envelope).died, 'é'.repeat(10));
  });

  it('writes an error without a text as JSON', () => {
    const died = (error: unknown) => (handled(AT_STEP, error) as Envelope).died;
    assert.equal(died({ error: { code: 7 } }), '{"error":{"code":7}}');
    assert.equal(died({ message: ['m'] }), '{"message":["m"]}');
    assert.equal(died({ code: 7 }), '{"code":7}');
  });

  it('tries one stand-in after another and keeps the first reason', () => {
    const died = { ...AT_STEP, died: 'first' };
    assert.deepEqual(handled(died, 'second'), { ...died, used: 4, died: 'second', standIn: 1 });
    assert.deepEqual(handled({ ...died, standIn: 1 }, 'third'), { ...died, used: 4, standIn: 2 });
  });

  it('fails the run when nothing can settle the step', () => {
    const last = { ...AT_STEP, died: 'first', standIn: 2 };
    const message = 's: its action died twice: gone';
    assert.deepEqual(handled(last, 'gone'), {
      error: { run: 'r', status: 'failed', message, step: 's', error: message },
    });
    const { error } = handled(last, 'Failed to resolve') as { error: { message: string } };
    assert.match(error.message, /If version 1234 of F is no longer deployed: nuvopipe resume F\/r$/);
  });
});

describe('conductor: answer', () => {
  it('answers with the result, or with "running" if other sessions continue the run', () => {
    const result = { run: 'r', status: 'succeeded' as const, outputs: { n: 1 } };
    assert.deepEqual(answer({ run: 'r', result }), result);
    assert.deepEqual(answer({ run: 'r' }), { run: 'r', status: 'running' });
  });

  it('answers a failure as OpenWhisk and its client expect it', () => {
    const result = { run: 'r', status: 'failed' as const, error: { message: 'boom', step: 's' } };
    assert.deepEqual(answer({ run: 'r', result }), {
      error: { run: 'r', status: 'failed', message: 'boom', step: 's', error: 'boom' },
    });
  });
});
