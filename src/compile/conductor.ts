import type { Composition } from 'openwhisk-composer';
import runtime from './conductor-runtime.generated.ts';

/**
 * Code of a conductor action: the composition and composer's conductor, which walks it. Composer's own generator would indent
 * the composition by four spaces a level, which makes megabytes of a large flow, and minify its runtime at every call.
 */
export function writeConductor(composition: Composition): string {
  return `// Made by nuvopipe with openwhisk-composer.\n\nconst composition = ${JSON.stringify(composition)}\n\n${runtime}\n`;
}
