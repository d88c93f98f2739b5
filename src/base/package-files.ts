import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Whether nuvopipe runs from its sources. */
export const isSource = import.meta.url.endsWith('.ts');

/** Root of this package. Only this module derives paths from its own location, because the build moves it to `dist`. */
export const PACKAGE_DIR = fileURLToPath(new URL(isSource ? '../../' : '../', import.meta.url));

/** Location of the Python runtime in this package. */
export const RUNTIME_DIR = join(PACKAGE_DIR, 'runtime');

/** The Python packages of the runtime and of the tools; a folder for `sys.path`. */
export const PYTHON_DIR = join(RUNTIME_DIR, 'src');

/** Programs that the local platform starts. */
export const LAUNCHERS_DIR = join(RUNTIME_DIR, 'launchers');

/** The pinned packages of the runtime, with which the wheels of a layer must be compatible. */
export const REQUIREMENTS_LOCK = join(RUNTIME_DIR, 'requirements.lock');

/** The pinned packages of the local platform's S3 server. */
export const S3_REQUIREMENTS_LOCK = join(RUNTIME_DIR, 'requirements-s3.lock');

/** The program that inspects Python code: a folder that Python can run. */
export const INSPECTOR_DIR = join(PYTHON_DIR, 'nuvopipe_inspection');

/** The JSON Schema of flow files. */
export const SCHEMA_FILE = join(PACKAGE_DIR, 'schemas', 'flow.v1.schema.json');

/** The JSON Schema of test files. */
export const TEST_SCHEMA_FILE = join(PACKAGE_DIR, 'schemas', 'test.v1.schema.json');

/** The text of a schema (default: of flow files). */
export function readSchema(file = SCHEMA_FILE): Promise<string> {
  return readFile(file, 'utf8');
}

/** nuvopipe's version, from package.json. */
export async function compilerVersion(): Promise<string> {
  const { version } = JSON.parse(await readFile(join(PACKAGE_DIR, 'package.json'), 'utf8')) as { version: string };
  return version;
}

/** The packages of the runtime, as in the wheel of `runtime/pyproject.toml`. The sweeper only needs the first. */
const RUNTIME_PACKAGES = ['nuvopipe_runtime', 'metaflow_extensions'];

/** The files of an action's zip: the `__main__.py` of a step action or of the sweeper, and the runtime's packages. */
export async function readRuntime(
  runtimeDir: string,
  main: 'step' | 'sweeper' = 'step',
): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  files.set('__main__.py', await readFile(join(runtimeDir, 'actions', `${main}.py`)));
  for (const folder of main === 'step' ? RUNTIME_PACKAGES.toSorted() : RUNTIME_PACKAGES.slice(0, 1)) {
    for (const path of (await readdir(join(runtimeDir, 'src', folder), { recursive: true })).toSorted()) {
      if (!/\.py$|(^|[\\/])py\.typed$/.test(path)) continue;
      files.set(`${folder}/${path.replaceAll('\\', '/')}`, await readFile(join(runtimeDir, 'src', folder, path)));
    }
  }
  return files;
}
