import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { UserError } from '../base/errors.ts';

const TEST_FILE = /\.test\.ya?ml$/;
const FLOW_FILE = /\.ya?ml$/;
/** Distinguishes flow files from other YAML. */
const FLOW_KEY = /^flow:/m;

/** Folders that contain no tests of the user. */
const SKIPPED_FOLDERS = new Set(['node_modules', 'build']);

/**
 * The given test files and those below the given folders, sorted by path.
 *
 * @throws UserError `no-such-file`, `not-a-test`, `no-tests`
 */
export async function findTestFiles(paths: readonly string[]): Promise<string[]> {
  const found = new Set<string>();
  for (const path of paths) {
    const stats = await stat(path).catch(() => {
      throw new UserError('no-such-file', `there is no file or folder ${path}`);
    });
    if (stats.isDirectory()) {
      for (const file of await below(path)) found.add(file);
    } else if (TEST_FILE.test(path)) found.add(path);
    else {
      const hint = 'rename it to something.test.yaml, or pass its folder';
      throw new UserError('not-a-test', `${path} is not a test file`, hint);
    }
  }
  if (found.size === 0) {
    const hint = 'create one beside the flow: flow.test.yaml tests flow.yaml (nuvopipe init creates both)';
    throw new UserError('no-tests', `there is no *.test.yaml in ${paths.join(', ')}`, hint);
  }
  return [...found];
}

async function below(folder: string): Promise<string[]> {
  const entries = (await readdir(folder, { withFileTypes: true })).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const found: string[] = [];
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && !entry.name.startsWith('.') && !SKIPPED_FOLDERS.has(entry.name))
      found.push(...(await below(path)));
    else if (entry.isFile() && TEST_FILE.test(entry.name)) found.push(path);
  }
  return found;
}

/**
 * The flow of a test file: the one it names, the one of the same name, or the only one beside it; or why there is
 * none.
 */
export async function flowBeside(testFile: string, named: string | undefined): Promise<string | { problem: string }> {
  const folder = dirname(testFile);
  if (named !== undefined) {
    const path = join(folder, named);
    const isFile = await stat(path).then(
      (stats) => stats.isFile(),
      () => false,
    );
    return isFile ? path : { problem: `there is no file ${path}` };
  }
  const others = (await readdir(folder)).filter((name) => FLOW_FILE.test(name) && !TEST_FILE.test(name)).toSorted();
  const name = basename(testFile).replace(TEST_FILE, '');
  const same = others.find((other) => other.replace(FLOW_FILE, '') === name);
  if (same !== undefined) return join(folder, same);
  const flows: string[] = [];
  for (const other of others) if (FLOW_KEY.test(await readFile(join(folder, other), 'utf8'))) flows.push(other);
  if (flows.length === 1) return join(folder, flows[0] as string);
  if (flows.length === 0) return { problem: 'there is no flow file beside this file' };
  return { problem: `there are ${flows.length} flow files beside this file: ${flows.join(', ')}` };
}
