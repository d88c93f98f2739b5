import type { SourceFile } from '../../language/diagnostics/source-file.ts';
import type { Flow } from '../../language/model/flow.ts';
import { showWarnings } from '../warnings.ts';

/**
 * The flow in a file; warnings go to stderr.
 *
 * @throws UserError, among them FlowError with all that is wrong in the file.
 */
export async function flowFrom(path: string): Promise<{ flow: Flow; source: SourceFile }> {
  const [{ hasErrors, validateFlow }, { FlowError }] = await Promise.all([
    import('../../compiler/compile-flow.ts'),
    import('../../language/diagnostics/diagnostic.ts'),
  ]);
  const { flow, source, diagnostics } = await validateFlow(path);
  if (!flow || hasErrors(diagnostics)) throw new FlowError(source, diagnostics);
  await showWarnings(source, diagnostics);
  return { flow, source };
}
