import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';

const FOLDER = join(import.meta.dirname, '../../runtime/flow_helpers');

/** What the helpers themselves are described with; it is in no `flow.py`. */
const NOT_WRITTEN = ['__init__.py', 'flow.py'];

/** Imports that a `flow.py` has anyway, or that only types need. */
const NOT_IMPORTED = /^(import metaflow$|from (__future__|typing|\.\w*) )/;

/** The helpers of a compiled flow, by the names of their files in `runtime/flow_helpers`. */
export async function flowHelpers(): Promise<string> {
  const names = (await readdir(FOLDER)).filter((name) => name.endsWith('.py') && !name.startsWith('test_'));
  const helpers: Record<string, unknown> = {};
  for (const name of names.filter((each) => !NOT_WRITTEN.includes(each)).toSorted()) {
    helpers[basename(name, '.py')] = helperOf(await readFile(join(FOLDER, name), 'utf8'));
  }
  return `// Made by \`npm run generate\` of runtime/flow_helpers; do not edit.\nexport const helpers = ${JSON.stringify(helpers, null, 2)};\n`;
}

function helperOf(text: string) {
  const parts = text.split('\n\n\n');
  const imports = (parts.shift() ?? '').match(/^(import|from) .*$/gm)?.filter((line) => !NOT_IMPORTED.test(line)) ?? [];
  const bare = parts.map((part) => withoutTypes(part.trimEnd().replace(/ {2}# fmt: skip$/gm, '')));
  const functions = bare.filter((part) => !part.startsWith('class '));
  const methods = bare.filter((part) => part.startsWith('class ')).flatMap(methodsOf);
  return {
    imports,
    code: functions.map((each) => `${each}\n`).join('\n\n'),
    ...(methods.length > 0 && { methods }),
    names: [...functions.join('\n').matchAll(/^(?:def )?(\w+)(?:\(| = )/gm)].map(([, name]) => name),
  };
}

/** The lines of a class's body, after its docstring. */
function methodsOf(code: string): string[] {
  const body = code.split('\n').slice(1);
  return body.slice(body.findIndex((line) => line.startsWith('    def '))).map((line) => line.replace(/^ {4}/, ''));
}

/** Python code whose functions have no types, and their signatures one line. */
function withoutTypes(code: string): string {
  return code.replace(
    /^( *def \w+)\(\n?([\s\S]*?)\n? *\)(?: -> .*)?:$/gm,
    (_, head: string, parameters: string) => `${head}(${parametersOf(parameters).join(', ')}):`,
  );
}

/** `a: dict[str, int] = x, *b: int` → `a=x`, `*b`. */
function parametersOf(text: string): string[] {
  const parameters = text.split(/,(?![^[(]*[\])])/).map((each) => each.trim());
  return parameters
    .filter((each) => each !== '')
    .map((each) => {
      const [, name = '', , value] = /^([*\w]+)(: .*?)?(?: = (.*))?$/.exec(each) ?? [];
      return value === undefined ? name : `${name}=${value}`;
    });
}
