import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { reportTo, silentReport } from '../../src/base/terminal/progress.ts';
import { stopPlatform } from '../../src/twin/host/platform.ts';
import { ensurePython, type PythonEnvironments } from '../../src/twin/host/python-env.ts';

const root = join(import.meta.dirname, '../..');

/** Making the environments takes some ten seconds on a good network, and is done once a checkout. */
export const FIRST_USE_TIMEOUT_MS = 10 * 60_000;

export interface TestHome {
  path: string;
  /** Stops the platform, if one runs here, and removes the folder. */
  remove(): Promise<void>;
}

/** A fresh home whose Python environments and packages are there already: all homes of this checkout share them. */
export async function testHome(): Promise<TestHome> {
  const home = await emptyHome();
  const shared = await sharedHome();
  await mkdir(join(shared, 'layers'), { recursive: true });
  for (const name of ['python', 'layers']) await symlink(join(shared, name), join(home.path, name));
  return home;
}

/** A fresh home with nothing in it. */
export async function emptyHome(): Promise<TestHome> {
  const path = await mkdtemp(join(tmpdir(), 'nuvopipe-home-'));
  const home: TestHome = {
    path,
    async remove() {
      await stopPlatform(path, silentReport);
      await rm(path, { recursive: true, force: true });
      homes.delete(home);
    },
  };
  removeWhenInterrupted();
  homes.add(home);
  return home;
}

/** Those that are not removed yet. */
const homes = new Set<TestHome>();

/** A platform is a process of its own, which Ctrl-C would leave behind. */
function removeWhenInterrupted(): void {
  if (isWatching) return;
  isWatching = true;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, async () => {
      await Promise.allSettled([...homes].map((home) => home.remove()));
      process.exit(INTERRUPTED);
    });
  }
}

let isWatching = false;

/** As of a process that SIGINT has ended. */
const INTERRUPTED = 130;

/** A fresh home with Python environments of its own, which may be broken. */
export async function homeWithOwnPython(): Promise<TestHome> {
  const home = await emptyHome();
  await cp(join(await sharedHome(), 'python'), join(home.path, 'python'), { recursive: true, verbatimSymlinks: true });
  return home;
}

/** Interpreters for tests that need Metaflow or an S3 server but no platform. */
export async function testPython(): Promise<PythonEnvironments> {
  return ensurePython(await sharedHome(), reportTo(process.stderr));
}

/**
 * The home whose environments and packages the tests of this checkout share. They stay for the next run as long as the pins stay.
 * Other checkouts have their own, so no test removes an environment that another one uses.
 */
export async function sharedHome(): Promise<string> {
  const hash = createHash('sha256');
  for (const name of ['requirements.lock', 'requirements-s3.lock'])
    hash.update(await readFile(join(root, 'runtime', name)));
  const home = join(root, '.cache', `test-home-${hash.digest('hex').slice(0, 12)}`);
  await mkdir(home, { recursive: true, mode: 0o700 });
  if (!prepared.has(home)) {
    await ensurePython(home, reportTo(process.stderr));
    prepared.add(home);
  }
  return home;
}

const prepared = new Set<string>();
