import assert from 'node:assert/strict';
import { SystemError } from '../../../src/base/errors.ts';
import type { RunResult } from '../../../src/contract/envelope.ts';
import type { RunRecord } from '../../../src/contract/records.ts';
import type { Invocation, Whisk } from '../../../src/platform/openwhisk/client.ts';
import { invokeAndFollow, newRunId } from '../../../src/platform/runs/invoke.ts';
import type { RunListing, RunReader } from '../../../src/platform/runs/reader.ts';
import type { RunStatus } from '../../../src/platform/runs/run-status.ts';

const key = { flow: 'HelloFlow', run: 'r1' };
const record = {
  ...key,
  version: 1,
  created: 0,
  user: 'u',
  tags: [],
  system_tags: [],
  start: 'a',
  end: 'b',
  bundle: '',
};

/** A datastore with one run, as it changes from look to look. */
function readerOf(looks: { begun: boolean; result?: RunResult }[]): RunReader {
  let look = { begun: false } as (typeof looks)[number];
  return {
    async run(): Promise<RunRecord | undefined> {
      look = looks.length > 1 ? (looks.shift() as typeof look) : (looks[0] as typeof look);
      return look.begun ? (record as unknown as RunRecord) : undefined;
    },
    listing: async (): Promise<RunListing> => ({
      tasks: [],
      pools: [],
      failedItems: [],
      claims: [],
      children: [],
      reused: new Map(),
      markers: look.result ? { result: 1 } : {},
    }),
    result: async () => look.result,
    failure: async () => undefined,
    live: async () => undefined,
    isUnknown: () => false,
    plan: async () => undefined,
  } as unknown as RunReader;
}

function whiskOf(answer: () => Promise<Invocation>): { whisk: Whisk; asked: unknown[] } {
  const asked: unknown[] = [];
  const whisk = {
    async invoke(...args: unknown[]) {
      asked.push(args);
      return answer();
    },
  } as unknown as Whisk;
  return { whisk, asked };
}

const succeeded: RunResult = { run: 'r1', status: 'succeeded', outputs: { x: 1 } };
const nothing = () => {};

describe('invokeAndFollow', () => {
  it('returns the name of the run without occupying a container', async () => {
    const { whisk, asked } = whiskOf(async () => ({ activationId: 'a' }));
    await invokeAndFollow(whisk, readerOf([{ begun: true, result: succeeded }]), key, { who: 'x' }, nothing);
    assert.deepEqual(asked, [['HelloFlow', { who: 'x', run: 'r1', wait: 0 }, { blocking: true }]]);
  });

  it('shows the latest state, even if the answer arrives first', async () => {
    const { whisk } = whiskOf(async () => ({ activationId: 'a', response: { success: true, result: succeeded } }));
    const seen: RunStatus[] = [];
    const looks = [{ begun: false }, { begun: true, result: succeeded }];
    const ending = await invokeAndFollow(whisk, readerOf(looks), key, {}, (status) => seen.push(status));
    assert.deepEqual([ending.status, ending.outputs], ['succeeded', { x: 1 }]);
    assert.equal(seen.at(-1)?.status, 'succeeded');
  });

  it('continues if the call was cut after the run had started', async () => {
    const { whisk } = whiskOf(() => Promise.reject(new SystemError('whisk-failed', 'HTTP 504')));
    const looks = [{ begun: true }, { begun: true }, { begun: true, result: succeeded }];
    assert.equal((await invokeAndFollow(whisk, readerOf(looks), key, {}, nothing)).status, 'succeeded');
  });

  it('fails with the refusal when the run has not begun', async () => {
    const { whisk } = whiskOf(() => Promise.reject(new SystemError('whisk-failed', 'HTTP 500')));
    await assert.rejects(invokeAndFollow(whisk, readerOf([{ begun: false }]), key, {}, nothing), {
      code: 'whisk-failed',
    });
  });

  it('refuses the name of a run that was started with something else, though that one has ended well', async () => {
    const error = { run: 'r1', status: 'failed', message: '"qty" was 2, not 3', code: 'run-exists' };
    const { whisk } = whiskOf(async () => ({ activationId: 'a', response: { success: false, result: { error } } }));
    const ended = readerOf([{ begun: true, result: succeeded }]);
    await assert.rejects(invokeAndFollow(whisk, ended, key, {}, nothing, { exists: true }), {
      name: 'UserError',
      code: 'run-exists',
      message: '"qty" was 2, not 3',
    });
  });

  it('refuses to resume a run whose secrets cannot be read', async () => {
    const error = { run: 'r2', status: 'failed', message: 'sealed with another key', code: 'unreadable-secrets' };
    const { whisk } = whiskOf(async () => ({ activationId: 'a', response: { success: false, result: { error } } }));
    await assert.rejects(invokeAndFollow(whisk, readerOf([{ begun: false }]), key, {}, nothing), {
      name: 'UserError',
      code: 'unreadable-secrets',
      message: 'sealed with another key',
    });
  });

  it('joins an existing run, even if the call is cut', async () => {
    const { whisk } = whiskOf(() => Promise.reject(new SystemError('whisk-failed', 'HTTP 504')));
    const ended = readerOf([{ begun: true, result: succeeded }]);
    assert.equal((await invokeAndFollow(whisk, ended, key, {}, nothing, { exists: true })).status, 'succeeded');
  });

  it('reports why a run without records failed', async () => {
    const result = { error: { run: 'r1', status: 'failed', message: 'S3 refused', step: 'start' } };
    const { whisk } = whiskOf(async () => ({ activationId: 'a', response: { success: false, result } }));
    const ending = await invokeAndFollow(whisk, readerOf([{ begun: false }]), key, {}, nothing);
    assert.deepEqual(ending, { status: 'failed', error: { message: 'S3 refused', step: 'start' } });
  });
});

describe('newRunId', () => {
  it('contains the time and is unique within a second', () => {
    const at = new Date('2026-01-02T03:04:05.678Z');
    assert.match(newRunId(at), /^20260102030405-[0-9a-f]{8}$/);
    assert.notEqual(newRunId(at), newRunId(at));
  });
});
