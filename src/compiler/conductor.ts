import runtime from './conductor-runtime.generated.ts';

/**
 * Writes the code of a conductor action: the composition and composer's conductor, which executes it. Composer's own
 * generator would indent the composition by four spaces per level, which takes megabytes for a large flow, and would
 * minify its runtime at every call.
 *
 * @param composition its abstract syntax tree, as JSON
 */
export function writeConductor(composition: string): string {
  return `// Made by nuvopipe with openwhisk-composer.\n\nconst composition = ${composition}\n\n${runtime}\n`;
}
