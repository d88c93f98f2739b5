import assert from 'node:assert/strict';
import { bundleOf, validateFlow } from '../../../src/compiler/compile-flow.ts';
import { Workshop } from '../../compiler/flows.ts';
import { caseFile } from '../../support/cases.ts';

const FLOW = 'flow: F\nsteps:\n  - step: a\n    run: self.x = = 1\n';

describe('checkPython', () => {
  let workshop: Workshop;
  before(async () => {
    workshop = await Workshop.open();
  });
  after(() => workshop.close());

  it('warns if no Python is available', async () => {
    const result = await workshop.compile(FLOW, { python: 'no-such-python' });
    assert.deepEqual(
      result.diagnostics.map(({ code, severity, range }) => [code, severity, range.start.line]),
      [['no-python', 'warning', 4]],
    );
    assert.ok(bundleOf(result));
  });

  it('warns if Python does not answer', async () => {
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

  it('accepts anything that a module defines or might import as a function', async () => {
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

  for (const [what, files, entry, column] of [
    ['a module', ['calendar.py'], 'calendar.py', 8],
    ['a package', ['email/__init__.py', 'email/send.py'], 'email', 8],
    ['a module that a glob matches', ['queue.py'], '"*.py"', 8],
    ['a folder whose modules are called', ['code/m.py'], 'code/*.py', 26],
  ] as const) {
    it(`refuses ${what} with a name of the standard library`, async () => {
      await workshop.write(Object.fromEntries(files.map((file) => [file, 'def f(): return {}\n'])));
      const { diagnostics } = await workshop.compile(
        `flow: F\ncode: [${entry}]\nsteps: [{ step: a, call: "${files[0]?.startsWith('code/') ? 'code.m:f' : 'm:f'}" }]\n`,
      );
      const found = diagnostics.find(({ code }) => code === 'standard-module');
      assert.ok(found, JSON.stringify(diagnostics));
      assert.equal(found.severity, 'error');
      assert.equal(found.range.start.column, column);
      assert.match(found.hint as string, /^rename it/);
      await Promise.all(files.map((file) => workshop.remove(file)));
    });
  }

  for (const name of ['clash_mf', 'clash_own']) {
    it(`accepts modules named like those of Metaflow, nuvopipe and packages: ${name}`, async () => {
      const { diagnostics } = await validateFlow(caseFile(name));
      assert.deepEqual(diagnostics, []);
    });
  }

  it('refuses a module that hides one of the standard library: clash_std', async () => {
    const { diagnostics } = await validateFlow(caseFile('clash_std'));
    assert.deepEqual(
      diagnostics.map(({ code, range }) => [code, range.start.line, range.start.column]),
      [8, 18, 31].map((column) => ['standard-module', 2, column]),
    );
  });
});
