import { stat } from 'node:fs/promises';
import type { Bundle } from '../contract/manifest.ts';
import { showWarnings } from './warnings.ts';

/**
 * The bundle in a folder, or the one that a flow file compiles to; warnings of the compilation go to stderr.
 *
 * @param python interpreter that looks at the Python in the flow.
 * @throws UserError, among them FlowError with all that is wrong in the file.
 */
export async function bundleFrom(path: string, python: () => Promise<string>): Promise<Bundle> {
  const isFolder = await stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
  if (isFolder) return (await import('../compiler/bundle-folder.ts')).readBundle(path);
  const { bundleOf, compileFlow } = await import('../compiler/compile-flow.ts');
  const result = await compileFlow(path, { python: await python() });
  const bundle = bundleOf(result);
  await showWarnings(result.source, result.diagnostics);
  return bundle;
}
