import assert from 'node:assert/strict';
import { flowNameProblem } from '../../../src/language/rules/flow-name.ts';

describe('rule flow-name', () => {
  for (const name of ['Titles', 'a', 'F_1', 'x'.repeat(128)])
    it(`accepts ${name.slice(0, 20)}`, () => assert.equal(flowNameProblem(name), undefined));
  for (const [name, code] of [
    ['my-flow', 'bad-flow-name'],
    ['1st', 'bad-flow-name'],
    ['_hidden', 'bad-flow-name'],
    ['class', 'reserved-name'],
    ['live', 'reserved-name'],
    ['x'.repeat(300), 'bad-flow-name'],
  ] as const)
    it(`rejects ${name.slice(0, 20)}`, () => assert.equal(flowNameProblem(name)?.code, code));
});
