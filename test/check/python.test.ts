import assert from 'node:assert/strict';
import { bundleOf } from '../../src/compile/index.ts';
import { Workshop } from '../compile/flows.ts';

const FLOW = 'flow: F\nsteps:\n  - step: a\n    run: self.x = = 1\n';

describe('checkPython', () => {
  let workshop: Workshop;
  before(async () => {
    workshop = await Workshop.open();
  });
  after(() => workshop.close());

  it('warns where there is no Python to ask', async () => {
    const result = await workshop.compile(FLOW, { python: 'no-such-python' });
    assert.deepEqual(
      result.diagnostics.map(({ code, severity, range }) => [code, severity, range.start.line]),
      [['no-python', 'warning', 4]],
    );
    assert.ok(bundleOf(result));
  });

  it('warns where Python does not answer', async () => {
    const { diagnostics } = await workshop.compile(FLOW, { python: 'false' });
    assert.equal(diagnostics[0]?.code, 'no-python');
  });

  it('runs none of the code', async () => {
    await workshop.write({
      'm.py': `import os\nos.makedirs(${JSON.stringify(workshop.path('ran'))})\ndef f(): return {}\n`,
    });
    const { diagnostics, bundle } = await workshop.compile(
      'flow: F\ncode: ["*.py"]\nsteps: [{ step: a, call: "m:f" }]\n',
    );
    assert.deepEqual(diagnostics, []);
    assert.ok(bundle);
    const { existsSync } = await import('node:fs');
    assert.equal(existsSync(workshop.path('ran')), false);
  });

  it('takes what a module defines, imports or may import for a function', async () => {
    await workshop.write({
      'm.py': 'from os.path import join as imported\nassigned = lambda: {}\nif 1:\n    def inside(): return {}\n',
      'star.py': 'from os.path import *\n',
    });
    const calls = ['m:imported', 'm:assigned', 'm:inside', 'star:anything', 'm:join'];
    const steps = calls.map((call, index) => `  - { step: s${index}, call: "${call}" }\n`);
    const { diagnostics } = await workshop.compile(`flow: F\ncode: [m.py, star.py]\nsteps:\n${steps.join('')}`);
    assert.deepEqual(
      diagnostics.map(({ code, range }) => [code, range.start.line]),
      [['no-such-function', 8]],
    );
  });

  it('leaves modules to pip where there are requirements', async () => {
    const { diagnostics } = await workshop.compile(
      'flow: F\nenvironment: { pip: ["numpy==1.26.4"] }\nsteps: [{ step: a, call: "numpy.linalg:svd" }]\n',
    );
    assert.deepEqual(diagnostics, []);
  });
});
