import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { parseJson, toJson } from '../../src/base/json.ts';
import { keys, prefixes } from '../../src/contract/layout.generated.ts';
import { listRuns } from '../../src/platform/runs/list-runs.ts';
import { planPrune } from '../../src/platform/runs/prune-runs.ts';
import { RunReader } from '../../src/platform/runs/reader.ts';
import type { Store } from '../../src/platform/s3/store.ts';
import { caseFile, runCase } from '../support/cases.ts';
import { runCommand } from '../support/command.ts';
import { compileFile, deployFlow, flowFile, invoke, stockEnvironment } from '../support/flows.ts';
import { FIRST_USE_TIMEOUT_MS } from '../support/home.ts';
import { type SharedPlatform, sharedPlatform } from '../support/platform.ts';

// biome-ignore lint/suspicious/noExplicitAny: results and outputs, looked into freely
type Body = any;

const BIG = 1234567890123456789n;
const BIG_TEXT = String(BIG);

/** Clients of all runs: the one that fails on a record it cannot read would fail for every flow. */
const CLIENT = `
import json, sys
from metaflow import Metaflow, namespace
namespace(None)
flows = [flow for flow in Metaflow() if flow.id == "OutNan" or flow.id.startswith("OddFlow")]
print(json.dumps({run.pathspec: run.successful for flow in flows for run in flow}))
`;

describe('values arrive unchanged', function () {
  this.timeout(120_000);
  let shared: SharedPlatform;
  let store: Store;
  before(async function () {
    this.timeout(FIRST_USE_TIMEOUT_MS);
    shared = await sharedPlatform();
    store = shared.store;
  });

  const outputsOf = async (name: string, options = {}): Promise<Body> => {
    const { result } = await runCase(shared, name, options);
    assert.equal(result.status, 'succeeded', JSON.stringify(result));
    return result.outputs;
  };
  /** As they are in the datastore, whose JSON is Python's. */
  const exactOutputs = async (flow: string, run: unknown): Promise<Body> =>
    (await new RunReader(store).result({ flow, run: String(run) }))?.outputs;
  /** What a client sends whose numbers are no doubles. */
  const invokeWith = async (flow: string, body: string): Promise<Body> => {
    const { apihost, auth } = shared.platform.whisk;
    const response = await fetch(`${apihost}/api/v1/namespaces/_/actions/${flow}?blocking=true&result=true`, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(auth).toString('base64')}`, 'content-type': 'application/json' },
      body,
    });
    return response.json();
  };
  const cli = async (command: string, ...args: string[]) => {
    const { code, stdout, stderr } = await runCommand(command, [...args, '--json', '--home', shared.home]);
    return { code, stderr, json: parseJson(stdout) as Body };
  };

  it('literals of a flow file (big_list, ids)', async () => {
    const { items, kind } = await outputsOf('big_list');
    assert.deepEqual(items, [BIG_TEXT, '1.0', '1000.0', '755', "'2024-01-01'", 'True', 'None', "'x'"]);
    const vars = { VERSION: '1.10', ACCOUNT: '123456789012345678', FLAG: 'true', OCT: '0755', SCI: '1e3', HEX: '0x1F' };
    assert.deepEqual(kind, ['exact', { ...vars, EMPTY: '' }]);
    const ids = await outputsOf('wf_switchtypes', { file: 'ids.yaml' });
    assert.deepEqual(ids, { xs: ['12345678901234567890', '123', '1.1'], r: 'hit' });
    const { manifest } = await compileFile(caseFile('wf_switchtypes', 'ids.yaml'));
    assert.deepEqual(manifest.triggers?.[0]?.parameters?.trigger_payload, { acct: '12345678901234567890' });
  });

  it('outputs, and defaults (out_bigint)', async () => {
    const { result } = await runCase(shared, 'out_bigint');
    const exact = { '/ids/0': BIG_TEXT, '/made': BIG_TEXT };
    assert.deepEqual([result.outputs, result.exact], [{ ids: [BIG_TEXT], made: BIG_TEXT, same: true }, exact]);
    assert.deepEqual(await exactOutputs('OutBigint', result.run), { ids: [BIG], made: BIG, same: true });
    const { json } = await cli('status', `OutBigint/${result.run}`);
    assert.deepEqual(json.outputs, { ids: [BIG], made: BIG, same: true });
  });

  it('parameters of the command line (wf_bigint, json_text, param_kinds)', async () => {
    const seen = async (name: string, ...params: string[]) => {
      const { code, json } = await cli('run', caseFile(name), ...params.flatMap((each) => ['-p', each]));
      return { code, ...json };
    };
    const text = await seen('json_text', 'given="12"', 'text="text"');
    assert.deepEqual(text.outputs, { seen: ["'12'", "'text'", "'12'"] });
    const kinds = await seen(
      'param_kinds',
      's=1.0',
      `i=${BIG}`,
      'n=1.0',
      'b=yes',
      `j={"a": [1.0, ${BIG}, -0.0, 1e22]}`,
    );
    assert.deepEqual(kinds.outputs, {
      seen: ["'1.0'", BIG_TEXT, '1.0', 'True', `{'a': [1.0, ${BIG}, -0.0, 1e+22]}`],
    });
    // The action would be given another account: that is refused.
    const big = await seen('wf_bigint', 'id=9223372036854775807', `opts={"id": ${BIG}}`);
    assert.equal(big.code, 1);
    assert.match(big.error.message, /the argument "id" is the integer 1234567890123456789/);
    const status = await cli('logs', `BigIntFlow/${big.run}`, '--step', 'make');
    assert.match(toJson(status.json), /id 9223372036854775807 opts \{'id': 1234567890123456789\}/);
  });

  it('parameters of other clients, or not at all (int_param, json_text)', async () => {
    await deployFlow(shared, caseFile('int_param'));
    const refused = await invokeWith('IntParam', '{"tweet": 9007199254740993}');
    assert.match(refused.error.message, /the parameter "tweet" must be sent as text: .* rounds integers beyond 2\^53/);
    const taken = await invokeWith('IntParam', '{"tweet": "9007199254740993"}');
    assert.deepEqual(taken.outputs, { text: '9007199254740993', back: '9007199254740993' });
    await deployFlow(shared, caseFile('json_text'));
    const nested = await invokeWith('JsonText', `{"given": {"id": ${BIG}}}`);
    assert.match(nested.error.message, /the parameter "given" must be sent as JSON text: .* \(at "id"\)/);
    const asText = await invokeWith('JsonText', JSON.stringify({ given: `{"id": ${BIG}, "rate": 1.0}` }));
    assert.equal(asText.outputs.seen[0], `{'id': ${BIG}, 'rate': 1.0}`);
  });

  it('arguments and answers of actions, or not at all (bigint_action)', async () => {
    const { result } = await runCase(shared, 'bigint_action');
    const { message, step } = result.error as Body;
    assert.equal(step, 'echo');
    assert.match(message, /the argument "account" is the integer 1234567890123456789: OpenWhisk's conductor/);
  });

  it('arguments and outputs of called flows', async () => {
    const child = await flowFile(`
flow: ExactChild
parameters: { id: { type: integer }, j: { type: json }, s: { type: string } }
outputs: [seen, id, rate, list]
steps:
  - step: look
    run: |
      self.seen = [repr(self.id), repr(self.j), repr(self.s)]
      self.rate, self.list = 1.0, [float("nan"), -0.0, 2**70]
`);
    const parent = await flowFile(`
flow: ExactParent
outputs: [given, got]
steps:
  - step: make
    run: |
      self.big = 2**64 + 1
      self.text = "12"
  - step: call
    flow: ExactChild
    with: { id: "\${big}", j: "\${text}", s: "\${text}" }
    result: answer
  - step: check
    run: |
      self.given = self.answer["seen"]
      self.got = [repr(self.answer[key]) for key in ("id", "rate", "list")]
`);
    try {
      await deployFlow(shared, child.file);
      await deployFlow(shared, parent.file);
      const { result } = await invoke(shared, 'ExactParent');
      assert.deepEqual((result as Body).outputs, {
        given: ['18446744073709551617', "'12'", "'12'"],
        got: ['18446744073709551617', '1.0', '[nan, -0.0, 1180591620717411303424]'],
      });
    } finally {
      await child.remove();
      await parent.remove();
    }
  });

  for (const [kind, more] of [
    ['that is a native sequence', 'target: sequence'],
    ['whose parameters are sealed on their way', ''],
  ] as const) {
    it(`what a flow gives one ${kind}`, async () => {
      const name = `Exact${more === '' ? 'Sealed' : 'Sequence'}`;
      const secret = more === '' ? ', key: { type: secret }' : '';
      const child = await flowFile(`
flow: ${name}
${more}
parameters: { id: { type: integer }, j: { type: json }${secret} }
outputs: [seen, id]
steps:
  - step: look
    run: self.seen = [repr(self.id), repr(self.j)]
  - step: last
    run: pass
`);
      const parent = await flowFile(`
flow: ${name}Parent
outputs: [answer]
steps:
  - step: make
    run: self.big = 2**64 + 1
  - step: call
    flow: ${name}
    with: { id: "\${big}", j: { rate: 1.0, text: "12" } }
    result: answer
  - step: last
    run: pass
`);
      try {
        await deployFlow(shared, child.file);
        await deployFlow(shared, parent.file);
        const { result } = await invoke(shared, `${name}Parent`);
        const big = String(2n ** 64n + 1n);
        const seen = [big, "{'rate': 1.0, 'text': '12'}"];
        assert.deepEqual((result as Body).outputs, { answer: { seen, id: big } }, JSON.stringify(result));
        const exact = await invokeWith(name, `{"id": ${big}}`);
        if (more === '') assert.match(exact.error.message, /"id" must be sent as text/);
        else assert.deepEqual(exact.outputs.seen, [big, 'None']);
      } finally {
        await child.remove();
        await parent.remove();
      }
    });
  }

  it('NaN and infinity, and nothing else is broken by them (out_nan, sub_nan, nan_failures, switch_nan)', async () => {
    const { result } = await runCase(shared, 'out_nan');
    assert.equal(result.status, 'succeeded');
    assert.deepEqual(result.outputs, { loss: null, worst: null });
    assert.deepEqual(result.exact, { '/loss': 'NaN', '/worst': 'Infinity' });
    assert.deepEqual(await outputsOf('sub_nan'), { y: 'nan' });
    assert.deepEqual(await outputsOf('nan_failures'), { lost: ['1'] });
    assert.deepEqual(await outputsOf('switch_nan'), { k: 'low' });
    const status = await runCommand('status', [`OutNan/${result.run}`, '--home', shared.home]);
    assert.match(status.stdout, /loss: null \(NaN\)\nworst: null \(Infinity\)/);
    const words = /[:,[]\s*-?(NaN|Infinity)/;
    for await (const { key } of store.list(prefixes.run({ flow: 'OutNan', run: String(result.run) }))) {
      const body = new TextDecoder().decode((await store.get(key))?.body);
      assert.ok(!words.test(body), `${key}: ${body}`);
    }
  });

  it('the other runs, whatever lies in the places of records', async () => {
    const { result } = await runCase(shared, 'out_nan');
    const garbage = ['{"outputs":{"loss":NaN}}', '[]', '\u0000', '{}'];
    const odd = garbage.map((_, index) => `OddFlow${index}`);
    for (const [index, text] of garbage.entries()) {
      const prefix = prefixes.run({ flow: odd[index] as string, run: 'r1' });
      await store.put(`${prefix}run.json`, text);
      await store.put(`${prefix}result.json`, text);
      await store.put(keys.live({ flow: odd[index] as string, run: 'r1' }), text);
      await store.put(keys.run({ flow: 'OutNan', run: `odd-${index}` }), text);
    }
    try {
      const reader = new RunReader(store);
      const runs = (await listRuns(reader, { limit: 1000 })).map(({ flow, run }) => `${flow}/${run}`);
      assert.ok(runs.includes(`OutNan/${result.run}`));
      assert.ok([...odd].every((flow) => reader.unreadable.has(keys.run({ flow, run: 'r1' }))));
      await planPrune(reader, 'OutNan', { keep: 1000, keepFailed: false }, Date.now());
      const listed = await runCommand('status', ['--home', shared.home, '--limit', '5']);
      assert.equal(listed.code, 0);
      assert.match(
        listed.stderr,
        new RegExp(`skipped ${keys.run({ flow: 'OddFlow0', run: 'r1' })}: it is not a valid record`),
      );
      const swept = await cli('sweep');
      assert.deepEqual([swept.code, swept.json.unreadable.length], [0, garbage.length]);
      const resumed = await cli('resume', `OutNan/${result.run}`);
      assert.equal(resumed.code, 0, resumed.stderr);
      const run = promisify(execFile);
      const { stdout } = await run(shared.platform.python, ['-c', CLIENT], { env: stockEnvironment(shared) });
      assert.equal(JSON.parse(stdout)[`OutNan/${result.run}`], true);
    } finally {
      for (const [index, flow] of odd.entries()) {
        for (const key of [keys.run({ flow, run: 'r1' }), keys.result({ flow, run: 'r1' })]) await store.delete(key);
        await store.delete(keys.live({ flow, run: 'r1' }));
        await store.delete(keys.run({ flow: 'OutNan', run: `odd-${index}` }));
      }
    }
  });

  it('numpy and pandas in outputs (out_array1)', async function () {
    this.timeout(FIRST_USE_TIMEOUT_MS);
    const outputs = await outputsOf('out_array1');
    assert.deepEqual(outputs, {
      one: [0.5],
      two: [0.5, 0.7],
      frame: { a: [1], b: [2.5] },
      days: ['2024-01-01T00:00:00', '2024-01-02T00:00:00'],
      stamp: '2024-01-01T00:00:00',
      mixed: { coef: [[3]], series: [7], n: 3 },
    });
  });

  it('every kind of numpy and pandas value, in outputs and arguments', async function () {
    this.timeout(FIRST_USE_TIMEOUT_MS);
    const child = await flowFile(`
flow: ArrayChild
parameters: { given: { type: json } }
outputs: [given]
steps: [{ step: look, run: pass }]
`);
    const parent = await flowFile(`
flow: ArrayParent
environment: { pip: [numpy==2.1.3, pandas==2.2.3] }
outputs: [arrays, scalars, times, frames, keys, answer]
steps:
  - step: make
    run: |
      import numpy as np, pandas as pd
      self.arrays = [np.array([np.nan, 1.0]), np.array(3), np.array([[True]]), np.array(["a", None], dtype=object)]
      self.scalars = [np.int64(2**62), np.float32(0.5), np.bool_(True), np.float64("inf"), np.str_("s")]
      self.times = [np.datetime64("2024-01-01"), np.datetime64("NaT"), np.timedelta64(90, "s"), pd.NaT, pd.Timedelta("90s")]
      self.frames = {
          "series": pd.Series([7, None]), "index": pd.Index([1, 2]), "na": pd.NA, "days": pd.date_range("2024-01-01", periods=1),
          "frame": pd.DataFrame({"x": [1, 2], 3: ["a", "b"]}), "same": pd.DataFrame([[1, 2]], columns=["a", "a"]),
      }
      self.keys = {np.int64(1): 1, (np.int64(1), "x"): 2, pd.Timestamp("2024-01-01"): 3}
      self.fit = {"coef": np.array([[3.0]]), "n": np.int64(3), "label": np.array(["x"])}
  - step: call
    flow: ArrayChild
    with: { given: "\${fit}" }
    result: answer
  - step: done
    run: pass
`);
    try {
      await deployFlow(shared, child.file);
      await deployFlow(shared, parent.file);
      const { result } = await invoke(shared, 'ArrayParent');
      assert.deepEqual((result as Body).outputs, {
        arrays: [[null, 1], 3, [[true]], ['a', null]],
        scalars: [String(2n ** 62n), 0.5, true, null, 's'],
        times: ['2024-01-01', null, '0:01:30', null, '0:01:30'],
        frames: {
          ...{ series: [7, null], index: [1, 2], na: null, days: ['2024-01-01T00:00:00'] },
          ...{
            frame: { 3: ['a', 'b'], x: [1, 2] },
            same: [
              ['a', [1]],
              ['a', [2]],
            ],
          },
        },
        keys: { 1: 1, "(1, 'x')": 2, '2024-01-01T00:00:00': 3 },
        answer: { given: { coef: [[3]], n: 3, label: ['x'] } },
      });
      assert.deepEqual(result.exact, {
        '/arrays/0/0': 'NaN',
        '/scalars/0': String(2n ** 62n),
        '/scalars/3': 'Infinity',
        '/frames/series/1': 'NaN',
      });
    } finally {
      await child.remove();
      await parent.remove();
    }
  });

  it('keys that are not text, colliding keys, and every kind of value (out_keys, out_dup_keys, out_kinds, out_big)', async () => {
    assert.deepEqual(await outputsOf('out_keys'), { table: { "('a', 1)": 3, "('b', 2)": 4 } });
    assert.deepEqual(await outputsOf('out_dup_keys'), {
      t: [
        [1, 'int'],
        ['1', 'text'],
      ],
    });
    const { e, ...kinds } = await outputsOf('out_kinds');
    assert.deepEqual(e, { 1: 'bool key', 2.5: 'float key', null: 'none key' });
    assert.deepEqual(kinds, {
      a: '2024-01-02T03:04:05+00:00',
      b: '1.10',
      c: 'Ynl0ZXP/',
      d: [1, 2],
      f: '/tmp/x',
      g: '00000000-0000-0000-0000-000000000001',
      h: { a: 2, b: 1, c: 1 },
      i: [1, [2, 3]],
      j: [1, 2, 3],
      k: '0:01:30',
      l: [0, 1, 2],
    });
    const { result } = await runCase(shared, 'out_big');
    assert.match(String(result.note), /longer than 256 kB/);
    assert.equal((await exactOutputs('OutBig', result.run)).rows.length, 300_000);
  });

  it('describes an output without a JSON form, and the run succeeds', async () => {
    const { file, remove } = await flowFile(`
flow: NoFormFlow
outputs: [model, score]
steps:
  - step: fit
    run: |
      self.model = {"net": dict, "score": [1]}
      self.model["score"].append(self.model["score"])
      self.score = 1
`);
    try {
      await deployFlow(shared, file);
      const { result } = await invoke(shared, 'NoFormFlow');
      const { model, score } = (result as Body).outputs;
      assert.equal(score, 1);
      assert.match(
        model.net,
        /a value of type type has no JSON form.*read it with Metaflow's client: Task\('NoFormFlow\/.*'\)\.data\.model/,
      );
      assert.match(model.score[1], /it contains itself/);
    } finally {
      await remove();
    }
  });

  it('bytes of a file, and the text of one with a byte order mark (file_binary)', async () => {
    const { file, remove } = await flowFile(`
flow: BytesFlow
parameters: { model: { type: file, binary: true, required: true } }
outputs: [kind, size, last]
steps:
  - step: look
    run: self.kind, self.size, self.last = type(self.model).__name__, len(self.model), self.model[-3:]
`);
    try {
      const run = (flow: string, path: string) => cli('run', flow, '-p', `model=${caseFile('file_binary', path)}`);
      const bytes = await run(file, 'model.bin');
      assert.deepEqual([bytes.json.outputs.kind, bytes.json.outputs.size], ['bytes', 1024]);
      assert.deepEqual((await run(file, 'latin1.csv')).json.outputs.last, Buffer.from(';1\n').toString('base64'));
      assert.deepEqual((await run(caseFile('file_binary'), 'bom.csv')).json.outputs, { size: 'name\nx\n'.length });
      const latin = await run(caseFile('file_binary'), 'latin1.csv');
      assert.equal(latin.code, 2);
      assert.match(latin.json.error.hint, /iconv .*"binary: true"/);
    } finally {
      await remove();
    }
  });

  it('the run that has a name already, or a refusal (wf_idempotent)', async () => {
    const start = (file: string, ...params: string[]) =>
      cli('run', caseFile('wf_idempotent', file), '--run', 'order-1', ...params.flatMap((each) => ['-p', each]));
    const first = await start('flow.yaml', 'qty=2');
    assert.deepEqual([first.code, first.json.outputs], [0, { q: 2 }]);
    const again = await start('flow.yaml', 'qty=2');
    assert.deepEqual([again.code, again.json.outputs], [0, { q: 2 }]);
    assert.match(again.stderr, /This run already exists: it was started .* ago with qty = 2\. It does not run again/);
    const other = await start('flow.yaml', 'qty=3');
    assert.deepEqual([other.code, other.json.error.code], [2, 'run-exists']);
    assert.match(
      other.json.error.message,
      /the run order-1 exists already, started .* with other parameters: "qty" was 2, not 3/,
    );
    const { result } = await invoke(shared, 'OrderOnce', { run: 'order-1', qty: 5 });
    assert.match((result as Body).error.message, /"qty" was 2, not 5/);
    const code = await start('flow2.yaml', 'qty=2');
    assert.deepEqual([code.code, code.json.outputs], [0, { q: 2 }]);
    assert.match(code.stderr, /ago with qty = 2, version [0-9a-f]{8} of the flow\. It does not run again/);
    assert.deepEqual(await exactOutputs('OrderOnce', 'order-1'), { q: 2 });
  });

  it('flow tests: a wrong expectation fails (wf_unittest)', async () => {
    const { code, stdout } = await runCommand('test', [
      caseFile('wf_unittest', 'shop.test.yaml'),
      '--home',
      shared.home,
    ]);
    assert.equal(code, 1);
    assert.match(stdout, /✓ big id set/);
    assert.match(stdout, /✗ big id off by one must not match/);
    assert.match(stdout, /- 12345678901234567890\n\s*\+ 12345678901234567891/);
    assert.match(stdout, /✓ catch keeps the message of an action/);
  });
});

describe('numbers that JSON has no word for', () => {
  for (const name of ['yaml_nan', 'yaml_nan_number']) {
    it(`are refused in a flow file (${name})`, async () => {
      const { code, stderr } = await runCommand('validate', [caseFile(name)]);
      assert.equal(code, 2);
      assert.match(stderr, /error\[/);
    });
  }
});
