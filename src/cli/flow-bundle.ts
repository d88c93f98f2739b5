import { stat } from 'node:fs/promises';
import { type Bundle, compile, readBundle } from '../index.ts';
import { showWarnings } from './views/warnings.ts';

/**
 * The bundle in a folder, or compiled from a flow file; warnings go to stderr.
 *
 * @param python interpreter that parses the flow's Python; default: that of the API
 * @throws UserError, including FlowError with all errors of the file
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
