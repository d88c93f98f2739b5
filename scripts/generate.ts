/** `npm run generate`: writes the files that are made from others. They are committed; a test fails when one is stale. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { conductorFunctions } from './generate/conductor-functions.ts';
import { conductorRuntime } from './generate/conductor-runtime.ts';
import { constantsInPython, constantsInTypeScript } from './generate/constants.ts';
import { errorsPage } from './generate/errors.ts';
import { flowHelpers } from './generate/flow-helpers.ts';
import { layoutInPython, layoutInTypeScript } from './generate/layout.ts';
import { pythonTypes } from './generate/python-types.ts';
import { reference } from './generate/reference.ts';
import { terminalPicture } from './generate/terminal.ts';
import { TRANSCRIPT } from './generate/transcript.ts';
import { typescriptTypes } from './generate/typescript-types.ts';
import { flowValidators, formatValidators, readSchema, testValidators } from './generate/validators.ts';

const OPENWHISK = 'The limits of Apache OpenWhisk, with its defaults. A cluster may raise or lower most of them.';
const PROTOCOL = 'What the compiler, the runtime and the readers of runs agree on.';

/** Makes each generated file, by its path from the package's root. */
export const GENERATED: Readonly<Record<string, () => string | Promise<string>>> = {
  // What TypeScript and Python share.
  'src/contract/openwhisk.generated.ts': () => constantsInTypeScript('openwhisk.json', OPENWHISK),
  'src/contract/protocol.generated.ts': () => constantsInTypeScript('protocol.json', PROTOCOL),
  'src/contract/layout.generated.ts': layoutInTypeScript,
  'runtime/src/nuvopipe_runtime/contract/openwhisk.py': () => constantsInPython('openwhisk.json', OPENWHISK),
  'runtime/src/nuvopipe_runtime/contract/protocol.py': () => constantsInPython('protocol.json', PROTOCOL),
  'runtime/src/nuvopipe_runtime/contract/layout.py': layoutInPython,
  // The formats of plan, manifest, envelope and records.
  'src/contract/formats.generated.ts': typescriptTypes,
  'src/contract/validators.generated.ts': formatValidators,
  'runtime/src/nuvopipe_runtime/contract/formats.py': pythonTypes,
  // The schemas of the language, compiled by ajv, so that no command compiles them when it starts.
  'src/language/syntax/element-validators.generated.ts': flowValidators,
  'src/flow-tests/test-validators.generated.ts': testValidators,
  'src/compiler/conductor-runtime.generated.ts': conductorRuntime,
  // The functions of a composition, as text.
  'src/compiler/conductor-functions.generated.ts': conductorFunctions,
  // The Python that a compiled flow carries.
  'src/compiler/flow-helpers.generated.ts': flowHelpers,
  // Pages with every key of the language, and of test files.
  'docs/reference.md': async () =>
    reference(await readSchema('flow'), {
      heading: 'The flow language, key by key',
      about: '[The language by example](language.md) shows complete flows. `nuvopipe schema` prints the schema.',
      root: 'flow',
    }),
  'docs/testing-reference.md': async () =>
    reference(await readSchema('test'), {
      heading: 'Test files, key by key',
      about: '[Testing flows](testing.md) shows complete test files. `nuvopipe schema test` prints the schema.',
      root: 'test file',
    }),
  // The page with every error code, from the wrong flows of the test suite.
  'docs/errors.md': errorsPage,
  'docs/terminal.svg': () => terminalPicture(TRANSCRIPT, 'A terminal: nuvopipe reports a mistake, then runs the flow'),
};

if (process.argv[1] === import.meta.filename) {
  for (const [path, make] of Object.entries(GENERATED)) {
    const file = join(import.meta.dirname, '..', path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, await make());
  }
}
