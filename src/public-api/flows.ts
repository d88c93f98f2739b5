import { paletteOf } from '../base/terminal/palette.ts';
import type { Explanation } from '../compiler/explain/explanation.ts';
import type { Bundle } from '../contract/manifest.ts';
import { type Diagnostic, FlowError, type NamedText } from '../language/diagnostics/diagnostic.ts';
import { renderDiagnostics } from '../language/diagnostics/render-diagnostic.ts';
import { SourceFile } from '../language/diagnostics/source-file.ts';
import type { WhiskOptions } from '../platform/openwhisk/whisk-settings.ts';

export type {
  ExplainedAction,
  ExplainedAttempts,
  ExplainedCall,
  ExplainedFork,
  ExplainedLoop,
  Explanation,
} from '../compiler/explain/explanation.ts';
export type { Finding } from '../compiler/explain/findings.ts';
export type { Bundle, Manifest } from '../contract/manifest.ts';
export type { Plan } from '../contract/plan.ts';
export type { Diagnostic, NamedText, Severity } from '../language/diagnostics/diagnostic.ts';
export type { Position, Range } from '../language/diagnostics/position.ts';
export type { WhiskOptions } from '../platform/openwhisk/whisk-settings.ts';

export interface CheckOptions {
  /** Command that starts the Python which parses the flow's code, without running it. Default: `python3`. */
  python?: string | undefined;
}

/** A flow file, and what there is to say about it. */
export interface CheckedFile {
  source: NamedText;
  /** In the order of the file. */
  diagnostics: Diagnostic[];
}

export interface Validation extends CheckedFile {
  /** Whether the flow can be compiled: no diagnostic is an error. */
  valid: boolean;
  /** Name of the flow; absent where the file has none. */
  flow?: string;
}

/**
 * Checks a flow file. Nothing is run, nor asked over a network.
 *
 * @throws UserError `no-such-file` and the like, if the file cannot be read. Problems in it are diagnostics, not errors.
 * @example
 * const { valid, diagnostics } = await validate('flow.yaml');
 * for (const { code, file, range, message, hint } of diagnostics) {
 *   console.log(`${file}:${range.start.line}:${range.start.column} ${code}: ${message}`, hint ?? '');
 * }
 */
export async function validate(file: string, { python }: CheckOptions = {}): Promise<Validation> {
  const { hasErrors, validateFlow } = await import('../compiler/compile-flow.ts');
  const { flow, source, diagnostics } = await validateFlow(file, python === undefined ? {} : { python });
  const name = flow?.name.value;
  return { valid: flow !== undefined && !hasErrors(diagnostics), source, diagnostics, ...(name && { flow: name }) };
}

/** A flow that was compiled; its diagnostics are warnings. */
export interface Compilation extends CheckedFile {
  bundle: Bundle;
}

/**
 * Compiles a flow file to a bundle in memory. The same file gives the same bytes.
 *
 * @throws FlowError with all diagnostics, if the flow is not valid; UserError, if the file cannot be read.
 * @example
 * const { bundle } = await compile('flow.yaml');
 * await writeBundle(bundle, 'build/HelloFlow');
 */
export async function compile(file: string, { python }: CheckOptions = {}): Promise<Compilation> {
  const { bundleOf, compileFlow } = await import('../compiler/compile-flow.ts');
  const result = await compileFlow(file, python === undefined ? {} : { python });
  return { bundle: bundleOf(result), source: result.source, diagnostics: result.diagnostics };
}

/**
 * Writes a bundle to a folder, completely or not at all. It replaces a bundle that is there.
 *
 * @throws UserError `not-a-bundle`, if the folder holds something else; `cannot-write`.
 * @example
 * await writeBundle(bundle, 'build/HelloFlow');
 */
export async function writeBundle(bundle: Bundle, folder: string): Promise<void> {
  await (await import('../compiler/bundle-folder.ts')).writeBundleFolder(bundle, folder);
}

/**
 * Reads a bundle, and checks that it is complete and unchanged.
 *
 * @throws UserError `not-a-bundle`, `bundle-version`, `broken-bundle`.
 * @example
 * const bundle = await readBundle('build/HelloFlow');
 */
export async function readBundle(folder: string): Promise<Bundle> {
  return (await import('../compiler/bundle-folder.ts')).readBundleFolder(folder);
}

/**
 * Shows diagnostics as the command line does: place, message, the line with a caret, and hint.
 *
 * @param checked what `validate` or `compile` returned, or a FlowError
 * @example
 * console.error(formatDiagnostics(await validate('flow.yaml'), { color: process.stderr.isTTY }));
 */
export function formatDiagnostics(checked: CheckedFile, { color = false } = {}): string {
  const { source, diagnostics } = checked;
  return renderDiagnostics(diagnostics, new SourceFile(source.name, source.text), paletteOf(color));
}

export interface DrawOptions extends CheckOptions {
  format: 'terminal' | 'mermaid' | 'svg';
  /** Width of a drawing for a terminal, in columns. Default: 100. */
  columns?: number | undefined;
  /** Whether a drawing for a terminal has colours. Default: false. */
  color?: boolean;
}

export interface Drawing extends CheckedFile {
  flow: string;
  drawing: string;
}

/** Width of a drawing that goes to no terminal. */
const COLUMNS_DEFAULT = 100;

/**
 * Draws the flow in a file.
 *
 * @throws FlowError with all diagnostics, if the flow is not valid; UserError, if the file cannot be read.
 * @example
 * const { drawing } = await draw('flow.yaml', { format: 'mermaid' });
 */
export async function draw(file: string, options: DrawOptions): Promise<Drawing> {
  const { hasErrors, validateFlow } = await import('../compiler/compile-flow.ts');
  const { python } = options;
  const { flow, source, diagnostics } = await validateFlow(file, python === undefined ? {} : { python });
  if (!flow || hasErrors(diagnostics)) throw new FlowError(source, diagnostics);
  const picture = (await import('../compiler/drawing/picture.ts')).pictureOf(flow);
  return { flow: flow.name.value, drawing: await drawn(), source, diagnostics };

  async function drawn(): Promise<string> {
    switch (options.format) {
      case 'svg':
        return (await import('../compiler/drawing/svg.ts')).drawSvg(picture);
      case 'mermaid':
        return (await import('../compiler/drawing/mermaid.ts')).drawMermaid(picture);
      case 'terminal': {
        const { drawTerminal } = await import('../compiler/drawing/terminal-graph.ts');
        return drawTerminal(picture, options.columns || COLUMNS_DEFAULT, paletteOf(options.color ?? false));
      }
    }
  }
}

/**
 * Explains what a flow becomes on OpenWhisk, and whether it fits there.
 *
 * @param options.cluster the OpenWhisk whose limits count; without it, OpenWhisk's defaults
 * @throws UserError, if the cluster cannot be reached or refuses the key.
 * @example
 * const { fits, limits } = await explain(bundle);
 */
export async function explain(bundle: Bundle, { cluster }: { cluster?: WhiskOptions } = {}): Promise<Explanation> {
  const [{ explainBundle }, { limitsOf }] = await Promise.all([
    import('../compiler/explain/explanation.ts'),
    import('../compiler/explain/limits.ts'),
  ]);
  if (cluster === undefined) return explainBundle(bundle);
  const [{ whiskSettings }, { openWhisk }] = await Promise.all([
    import('../platform/openwhisk/whisk-settings.ts'),
    import('../platform/openwhisk/client.ts'),
  ]);
  const whisk = openWhisk(await whiskSettings(cluster));
  try {
    const info = await whisk.clusterInfo();
    // A cluster may publish no limits, to anyone; only an entity shows whether it is there and takes the key.
    await whisk.getAction(bundle.plan.flow);
    return { ...explainBundle(bundle, limitsOf(info)), cluster: whisk.settings.apihost };
  } finally {
    whisk.close();
  }
}

/**
 * Why a flow cannot have a name.
 *
 * @returns undefined, if it can
 * @example
 * flowNameProblem('my flow'); // { code: 'bad-flow-name', message: …, hint: … }
 */
export async function flowNameProblem(
  name: string,
): Promise<{ code: string; message: string; hint: string } | undefined> {
  return (await import('../language/rules/flow-name.ts')).flowNameProblem(name);
}
