import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, posix, relative } from 'node:path';
import { didYouMean } from '../base/suggest.ts';
import type { Diagnostics } from '../language/diagnostics/report.ts';
import type { Parameter } from '../language/model/flow.ts';
import { isOutside, TAKEN } from './code-files.ts';

/** Other files in a bundle's folder. */
const TAKEN_IN_BUNDLE = [...TAKEN, 'composition.json', 'conductor.js', 'wait.js', 'step.zip', 'manifest.json'];

/**
 * Reads the files used as defaults of parameters.
 *
 * @param folder of the flow
 * @returns path relative to the folder, with `/` → content; unreadable files have been reported
 */
export async function readParameterFiles(
  parameters: readonly Parameter[],
  folder: string,
  report: Diagnostics,
): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  for (const { name, type, default: fallback, binary } of parameters) {
    if (type !== 'file' || typeof fallback?.value !== 'string') continue;
    const path = filePath(fallback.value);
    const place = join(folder, path);
    const found = await stat(place).catch(() => undefined);
    if (isAbsolute(fallback.value) || isOutside(path)) {
      const hint = 'move the file into the folder of the flow';
      report.error('file-outside', fallback.span, `"${fallback.value}" is outside the flow's folder`, hint);
    } else if (TAKEN_IN_BUNDLE.includes(path)) {
      const message = `"${path}" is the name of a generated file`;
      report.error('file-name-taken', fallback.span, message, 'choose another name');
    } else if (found?.isDirectory()) {
      report.error('no-such-file', fallback.span, `"${fallback.value}" is a folder`, 'choose a file in that folder');
    } else if (!found?.isFile()) {
      const neighbours = await readdir(dirname(place)).catch(() => []);
      const hint = didYouMean(basename(path), neighbours) ?? `files are searched in ${folder}`;
      report.error('no-such-file', fallback.span, `there is no file "${fallback.value}"`, hint);
    } else if (isOutside(relative(await realpath(folder), await realpath(place)))) {
      const message = `"${fallback.value}" links to a file outside the flow's folder`;
      report.error('file-outside', fallback.span, message, 'copy the file here');
    } else {
      const content = await readFile(place);
      files.set(path, content);
      if (!binary && !isText(content)) {
        const hint = 'save it as UTF-8, or add "binary: true" to the parameter to pass bytes';
        report.error('not-utf8', fallback.span, `"${path}", the default of "${name.value}", is not UTF-8 text`, hint);
      }
    }
  }
  return files;
}

/** Path of a default in the bundle. */
export function filePath(path: unknown): string {
  return posix.normalize(String(path).replaceAll('\\', '/'));
}

/** Whether bytes are text in UTF-8. */
export function isText(content: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(content);
    return true;
  } catch {
    return false;
  }
}
