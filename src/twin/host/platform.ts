import { spawn } from 'node:child_process';
import { mkdir, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { SystemError, UserError } from '../../base/errors.ts';
import { isSource, PACKAGE_DIR } from '../../base/package-files.ts';
import type { Progress } from '../../base/terminal/progress.ts';
import type { DaemonConfig, DaemonMessage } from './daemon-messages.ts';
import { withLock } from './file-lock.ts';
import { endContainers } from './left-over.ts';
import {
  type HomePaths,
  homePaths,
  makeHome,
  type Platform,
  readPlatform,
  recordedPlatform,
} from './platform-state.ts';
import { endProcess } from './process-identity.ts';
import { ensurePython, type PythonEnvironments } from './python-env.ts';

export interface PlatformStartOptions {
  /** Port of the OpenWhisk API; default: the one used last, or any free port. */
  port?: number;
  /** Idle time after which the platform stops; default: the daemon's own. */
  idleLimitMs?: number;
}

export interface StartedPlatform {
  platform: Platform;
  /** False if it was already running. */
  started: boolean;
}

/** The local platform of this home, started if necessary. Of several concurrent starts, one does the work. */
export async function startPlatform(
  home: string | undefined,
  report: Progress,
  options: PlatformStartOptions = {},
): Promise<StartedPlatform> {
  const paths = homePaths(home);
  const running = await readPlatform(home);
  if (running) return { platform: checkedPort(running, options), started: false };
  await makeHome(paths);
  return withLock(
    paths.lock,
    async () => {
      const other = await readPlatform(home);
      if (other) return { platform: checkedPort(other, options), started: false };
      await endLeftOver(paths);
      const python = await ensurePython(home, report);
      report.progress('Starting the local platform…');
      await startDaemon(paths, python, report, options);
      const platform = await readPlatform(home);
      if (!platform) throw notStarted(paths, 'it ended right after starting');
      return { platform, started: true };
    },
    () => report.line('Another nuvopipe is starting or stopping the local platform; waiting for it'),
  );
}

function checkedPort(platform: Platform, { port }: PlatformStartOptions): Platform {
  if (port === undefined || new URL(platform.whisk.apihost).port === String(port)) return platform;
  throw new UserError(
    'already-running',
    `the local platform is already running at ${platform.whisk.apihost}`,
    'stop it first: nuvopipe local stop',
  );
}

/** Stops the local platform and everything it started. False if none was running. */
export async function stopPlatform(home: string | undefined, report: Progress): Promise<boolean> {
  const paths = homePaths(home);
  if (!(await recordedPlatform(paths))) return false;
  return withLock(
    paths.lock,
    () => endLeftOver(paths),
    () => report.line('Another nuvopipe is starting or stopping the local platform; waiting for it'),
  );
}

/** The daemon first stops its containers, then its S3 server. */
const DAEMON_STOP_GRACE_MS = 15_000;
const S3_STOP_GRACE_MS = 5_000;

/** Stops the recorded processes that are still alive, and removes the record. */
async function endLeftOver(paths: HomePaths): Promise<boolean> {
  const recorded = await recordedPlatform(paths);
  if (!recorded) return false;
  await endProcess(recorded, DAEMON_STOP_GRACE_MS);
  await endProcess(recorded.s3, S3_STOP_GRACE_MS);
  await endContainers(paths.whisk);
  await rm(paths.platform, { force: true });
  return true;
}

/** When run from its sources, nuvopipe needs a TypeScript loader. */
const DAEMON = join(PACKAGE_DIR, isSource ? 'src/twin/host/daemon.ts' : 'dist/twin/host/daemon.js');

/** It takes a second or two, more on a busy machine. */
const START_TIMEOUT_MS = 60_000;

/** Starts the background process; resolves when it serves requests. */
async function startDaemon(
  paths: HomePaths,
  python: PythonEnvironments,
  report: Progress,
  options: PlatformStartOptions,
): Promise<void> {
  await mkdir(paths.whisk, { recursive: true, mode: 0o700 });
  const log = await open(paths.log, 'a', 0o600);
  // In a session of its own, so that Ctrl-C and the end of the terminal do not reach it. The home argument makes it
  // recognisable in `ps`.
  const daemon = spawn(process.execPath, [...(isSource ? ['--import', 'tsx'] : []), DAEMON, paths.home], {
    cwd: PACKAGE_DIR,
    detached: true,
    stdio: ['ignore', log.fd, log.fd, 'ipc'],
  });
  await log.close();
  const config: DaemonConfig = { home: paths.home, python, ...options };
  daemon.send(config);
  const late = setTimeout(() => daemon.kill('SIGKILL'), START_TIMEOUT_MS);
  await new Promise<void>((resolve, reject) => {
    daemon.on('error', reject);
    daemon.on('exit', async (code, signal) => reject(notStarted(paths, await lastLine(paths.log, code ?? signal))));
    daemon.on('message', (message: DaemonMessage) => {
      if (message.type === 'note') report.line(message.text);
      else if (message.type === 'ready') resolve();
      else reject(rebuilt(message));
    });
  }).finally(() => clearTimeout(late));
  daemon.removeAllListeners();
  daemon.disconnect();
  daemon.unref();
}

function rebuilt({ error }: DaemonMessage & { type: 'failed' }): Error {
  const Kind = error.user ? UserError : SystemError;
  return new Kind(error.code, error.message, error.hint);
}

function notStarted(paths: HomePaths, reason: string): SystemError {
  return new SystemError('platform-start', `the local platform did not start: ${reason}`, `see ${paths.log}`);
}

async function lastLine(file: string, code: number | string | null): Promise<string> {
  const lines = (await readFile(file, 'utf8')).trim().split('\n');
  return lines.findLast((line) => /\w*Error\b/.test(line)) ?? `its process ended with ${code}`;
}
