import { stat } from 'node:fs/promises';
import { type Bundle, compile, readBundle } from '../index.ts';
import { showWarnings } from './views/warnings.ts';

/**
 * The bundle in a folder, or the one that a flow file compiles to; warnings of the compilation go to stderr.
 *
 * @param python names the interpreter that parses the Python in the flow; without it, the default of the API
 * @throws UserError, among them FlowError with all that is wrong in the file.
 */
export async function bundleFrom(path: string, python?: () => Promise<string>): Promise<Bundle> {
  const isFolder = await stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
  if (isFolder) return readBundle(path);
  const compiled = await compile(path, { python: await python?.() });
  showWarnings(compiled);
  return compiled.bundle;
}
