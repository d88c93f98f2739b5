import assert from 'node:assert/strict';
import { plainPalette } from '../../../src/base/terminal/palette.ts';
import { lineFilter, taskFilter } from '../../../src/cli/flags/log-filter.ts';
import { renderLogLine } from '../../../src/cli/views/run-views.ts';
import { prefixes } from '../../../src/contract/layout.generated.ts';
import { RunReader } from '../../../src/platform/runs/reader.ts';
import { followLogs, type LogFilter, runLogs, type TaskLogLine } from '../../../src/platform/runs/run-logs.ts';
import { MemoryObjects } from '../../support/memory-objects.ts';

const KEY = { flow: 'F', run: 'r' };
const PREFIX = prefixes.run({ flow: 'F', run: 'r' });

let seconds = 0;
const line = (number: number, text: string, source = 'task') =>
  `[MFLOG|0|2026-01-02T03:04:${String(10 + seconds++).padStart(2, '0')}.000000Z|${source}|${'a'.repeat(32)}-${String(number).padStart(9, '0')}]${text}\n`;

describe('logs of a run', () => {
  let objects: MemoryObjects;
  let reader: RunReader;
  beforeEach(() => {
    seconds = 0;
    objects = new MemoryObjects();
    reader = new RunReader(objects.store);
    objects.put(`${PREFIX}run.json`, {
      ...{ version: 1, ...KEY, created: 1, user: 'ada', tags: [], system_tags: [] },
      ...{ start: 'a', end: 'b', bundle: '0'.repeat(64) },
    });
  });

  const record = (step: string, task: string, attempt: number, by: string, more: object = {}) => ({
    ...KEY,
    ...{ version: 1, step, task, attempt, by, at: [], started: 1_000 + attempt, ended: 2_000, ok: true, parents: [] },
    ...{ objects: {}, info: {}, metadata: [], logs: ['stdout'], ...more },
  });
  const part = (name: string, ...lines: string[]) => objects.put(`${PREFIX}logs/${name}`, lines.join(''));
  const whole = (name: string, ...lines: string[]) => objects.put(`F/r/${name}`, lines.join(''));

  async function shown(filter: LogFilter = {}): Promise<string[]> {
    const found: string[] = [];
    for await (const each of runLogs(reader, KEY, filter)) found.push(renderLogLine(each, plainPalette));
    return found;
  }

  it('shows the output of a running step, with the last state of an unfinished line', async () => {
    part('a/t/0/act/00000.stdout', line(1, 'one'));
    part('a/t/0/act/00001.stderr', line(1, '10%', 'open'));
    part('a/t/0/act/00002.stdout', line(2, 'two'));
    part('a/t/0/act/00003.stderr', line(1, '20%', 'open'));
    assert.deepEqual(await shown(), ['a/t | one', 'a/t | two', 'a/t | 20%']);
  });

  it('shows the complete log as soon as it exists', async () => {
    part('a/t/0/act/00000.stdout', line(1, 'one'));
    objects.put(`${PREFIX}tasks/a/t/commit`, record('a', 't', 0, 'act'));
    assert.deepEqual(await shown(), ['a/t | one']);
    whole('a/t/0.task_stdout.log', line(1, 'one'), line(2, 'two'));
    assert.deepEqual(await shown(), ['a/t | one', 'a/t | two']);
  });

  it('shows the remains of a lost attempt beside its replacement', async () => {
    part('a/t/0/lost/00000.stdout', line(1, 'half'));
    objects.put(`${PREFIX}tasks/a/t/commit`, record('a', 't', 0, 'act'));
    whole('a/t/0.task_stdout.log', line(1, 'all'));
    assert.deepEqual(await shown(), ['a/t | all', 'a/t (lost) | half']);
  });

  it('reads only what is asked for', async () => {
    for (const task of ['t-0', 't-1']) {
      for (const attempt of [0, 1]) {
        const name = attempt === 1 ? 'commit' : 'failed-0';
        objects.put(`${PREFIX}tasks/a/${task}/${name}`, record('a', task, attempt, `act${attempt}`));
        whole(`a/${task}/${attempt}.task_stdout.log`, line(1, `${task} ${attempt}`));
      }
    }
    assert.deepEqual(await shown({ step: 'a', task: 't-1', attempt: 1 }), ['a/t-1 (attempt 2) | t-1 1']);
    assert.deepEqual(objects.read, [`${PREFIX}tasks/a/t-1/commit`, 'F/r/a/t-1/1.task_stdout.log']);
    assert.equal((await shown({ attempt: 0 })).length, 2);
  });

  it('reports an unknown step or task', async () => {
    objects.put(`${PREFIX}tasks/shout/t-0/commit`, record('shout', 't-0', 0, 'act'));
    await assert.rejects(shown({ step: 'shuot' }), { code: 'unknown-step', hint: 'did you mean "shout"?' });
    await assert.rejects(shown({ step: 'shout', task: 't-7' }), { code: 'unknown-task', hint: 'did you mean "t-0"?' });
    assert.deepEqual(await shown({ step: 'shout', attempt: 3 }), []);
  });

  it('follows a run: each line once, from parts and then from the whole log, until the run is over', async function () {
    this.timeout(20_000);
    part('a/t/0/act/00000.stdout', line(1, 'one'), line(2, '10%', 'open'));
    const found: TaskLogLine[] = [];
    for await (const each of followLogs(reader, KEY, {}, new AbortController().signal)) {
      found.push(each);
      if (each.text === '10%') part('a/t/0/act/00001.stdout', line(2, '10%\r20%'), line(3, 'three'));
      if (each.text !== 'three') continue;
      objects.put(`${PREFIX}tasks/a/t/commit`, record('a', 't', 0, 'act'));
      whole('a/t/0.task_stdout.log', ...[1, 2, 3].map((n) => line(n, 'shown already')), line(4, 'last'));
      for (const name of [...objects.objects.keys()]) if (name.includes('/logs/')) objects.objects.delete(name);
      objects.put(`${PREFIX}result.json`, { run: 'r', status: 'succeeded', outputs: {} });
    }
    assert.deepEqual(
      found.map(({ text }) => text),
      ['one', '10%', '10%\r20%', 'three', 'last'],
    );
  });

  it('stops following on the signal', async () => {
    part('a/t/0/act/00000.stdout', line(1, 'one'));
    const stop = new AbortController();
    for await (const _ of followLogs(reader, KEY, {}, stop.signal)) stop.abort();
    for await (const _ of followLogs(reader, KEY, {}, new AbortController().signal)) break;
  });

  describe('on a terminal', () => {
    const colours = { ...plainPalette };
    const odd: TaskLogLine = {
      ...{ step: 'a', task: 't', attempt: 0, time: '', stream: 'stdout' },
      text: '\r10%\r\u001b[31m20%\u001b[2J\u0007',
    };
    it('are harmless, with their colours', () =>
      assert.equal(renderLogLine(odd, colours), 'a/t | \u001b[31m20%␇\u001b[0m'));
    it('are as they were written with --raw', () =>
      assert.equal(renderLogLine(odd, colours, true), `a/t | ${odd.text}`));
    it('have no colours elsewhere', () => assert.equal(renderLogLine(odd, plainPalette), 'a/t | 20%␇'));
  });

  describe('filters', () => {
    const flags = { step: undefined, task: undefined, attempt: undefined };
    it('take STEP/TASK, and attempts from 1', () => {
      assert.deepEqual(taskFilter({ ...flags, task: 'a/t-1', attempt: 2 }), { step: 'a', task: 't-1', attempt: 1 });
      assert.deepEqual(taskFilter({ ...flags, step: 'a', task: 'a/t' }), { step: 'a', task: 't' });
      assert.deepEqual(taskFilter(flags), {});
    });
    it('reject invalid task names', () => {
      for (const task of ['a', 'a/', '/t', 'a/b/c', '']) {
        assert.throws(() => taskFilter({ ...flags, task }), { code: 'bad-task' });
      }
      assert.throws(() => taskFilter({ ...flags, step: 'b', task: 'a/t' }), { code: 'bad-filter' });
    });
    it('select lines by text or regular expression', () => {
      assert.ok(lineFilter('loss 0.1')('epoch 1 loss 0.1'));
      assert.ok(!lineFilter('loss 0.1')('epoch 1 loss 0x1'));
      assert.ok(lineFilter('/LOSS 0.[12]$/i')('\u001b[1mloss\u001b[0m 0x2'));
      assert.ok(['a', 'a'].every(lineFilter('/a/g')));
      assert.ok(lineFilter(undefined)(''));
      assert.throws(() => lineFilter('/(/'), { code: 'bad-pattern' });
    });
  });
});
