import type { Platform } from '../twin/host/platform-state.ts';
import type { PlatformSummary } from '../twin/host/summary.ts';
import { type OnProgress, progressTo } from './on-progress.ts';
import type { Target } from './targets.ts';

export type { PlatformSummary } from '../twin/host/summary.ts';

export interface LocalOptions {
  /** Folder of its state. Default: `NUVOPIPE_HOME`, else `~/.nuvopipe`. */
  home?: string | undefined;
}

export interface StartLocalOptions extends LocalOptions {
  /** Port of the OpenWhisk API. Default: the one used last, else any that is free. */
  port?: number | undefined;
  onProgress?: OnProgress | undefined;
  /** Stops waiting. What this call started is stopped again. */
  signal?: AbortSignal | undefined;
}

/** A running local platform: an OpenWhisk, an S3 and a Metaflow service on this machine's loopback. */
export interface LocalPlatform extends Target {
  local: NonNullable<Target['local']>;
  /** Its addresses; without its keys. */
  summary: PlatformSummary;
  /** False: it ran before. */
  started: boolean;
}

/**
 * Starts the local platform, unless it runs. It runs in a process of its own, until it is stopped or unused for an hour. The
 * first start makes its Python environments, which takes a network and a minute.
 *
 * @throws UserError, for example `python-missing`, or `already-running` on another port; SystemError, if it does not start.
 * @example
 * const platform = await startLocal({ onProgress: ({ message }) => console.error(message) });
 * await deploy(bundle, { to: platform });
 * await local.stop();
 */
export async function startLocal(options: StartLocalOptions = {}): Promise<LocalPlatform> {
  const { home, port, signal } = options;
  signal?.throwIfAborted();
  const { startPlatform, stopPlatform } = await import('../twin/host/platform.ts');
  const report = progressTo(options.onProgress);
  const { platform, started } = await startPlatform(home, report, port === undefined ? {} : { port });
  if (started && signal?.aborted) await stopPlatform(home, report);
  signal?.throwIfAborted();
  return platformOf(platform, await homeOf(home), started);
}

/**
 * The newest Python on the path that nuvopipe can use, or the one that `NUVOPIPE_PYTHON` names.
 *
 * @throws UserError `python-missing`, `python-unusable`.
 * @example
 * const { bundle } = await compile('flow.yaml', { python: await findPython() });
 */
export async function findPython(): Promise<string> {
  return (await (await import('../twin/host/python-env.ts')).locatePython()).path;
}

export async function platformOf(platform: Platform, home: string, started: boolean): Promise<LocalPlatform> {
  const { summaryOf } = await import('../twin/host/summary.ts');
  const { whisk, store, python } = platform;
  return { whisk, store, local: { home, python }, summary: summaryOf(platform), started };
}

export async function homeOf(home: string | undefined): Promise<string> {
  return (await import('../twin/host/platform-state.ts')).homePaths(home).home;
}
