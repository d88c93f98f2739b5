import assert from 'node:assert/strict';
import { Diagnostics } from '../../../src/language/diagnostics/report.ts';
import { SourceFile } from '../../../src/language/diagnostics/source-file.ts';
import { checkVariableName } from '../../../src/language/rules/variable-names.ts';

describe('rule variable-names', () => {
  const codeOf = (name: string) => {
    const report = new Diagnostics(new SourceFile('flow.yaml', name));
    checkVariableName(name, [0, name.length], report);
    return report.diagnostics[0]?.code;
  };

  for (const name of ['A', '_', 'a1', 'PATHS', 'AWSOME'])
    it(`accepts ${name}`, () => assert.equal(codeOf(name), undefined));
  for (const name of ['', '1', 'a b', 'é', 'a=b'])
    it(`rejects ${JSON.stringify(name)}`, () => assert.equal(codeOf(name), 'bad-variable-name'));
  for (const name of ['__OW_API_KEY', 'METAFLOW_X', 'NUVOPIPE_X', 'AWS_X', 'LD_PRELOAD', 'PYTHONPATH'])
    it(`reserves ${name}`, () => assert.equal(codeOf(name), 'reserved-variable'));
});
