/** The suites of `npm test` and of `npm run test:fast`: which tests run together in one process. */

export interface Suite {
  title: string;
  runner: 'mocha' | 'pytest';
  args: string[];
}

/** Suites that start a platform, a store and containers, or play thousands of runs: each takes minutes. */
const LARGE = ['test/e2e/**', 'test/crash/**', 'test/fuzz/**', 'test/hostile/**'];

const WITH_STOCK_METAFLOW = 'test/e2e/differential.test.ts';

/** Everything. Two suites run at a time, longest first; the last one holds every test file that no other suite names. */
export const ALL: readonly Suite[] = [
  mocha('end to end', ['test/e2e/**/*.test.ts'], [WITH_STOCK_METAFLOW]),
  { title: 'Python', runner: 'pytest', args: ['runtime'] },
  mocha('beside stock Metaflow, under faults, with made-up and hostile input', [
    WITH_STOCK_METAFLOW,
    ...LARGE.slice(1).map((folder) => `${folder}/*.test.ts`),
  ]),
  mocha('the rest of TypeScript', ['test/**/*.test.ts'], LARGE),
];

/** Units, golden files and one flow end to end. */
export const FAST: readonly Suite[] = [
  { title: 'Python units', runner: 'pytest', args: ['runtime/tests/unit', '-m', 'not slow'] },
  mocha('TypeScript units and one flow end to end', [
    'test/{base,compiler,conductor,contract,language}/**/*.test.ts',
    'test/e2e/client.test.ts',
  ]),
];

function mocha(title: string, files: string[], ignored: string[] = []): Suite {
  return { title, runner: 'mocha', args: [...files, ...ignored.flatMap((each) => ['--ignore', each])] };
}
