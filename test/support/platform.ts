import { silentReport } from '../../src/base/terminal/progress.ts';
import { openStore, type Store } from '../../src/platform/s3/store.ts';
import { startPlatform } from '../../src/twin/host/platform.ts';
import { localSettings } from '../../src/twin/host/platform-settings.ts';
import { homePaths, type Platform, writePrivateJson } from '../../src/twin/host/platform-state.ts';
import { type TestHome, testHome } from './home.ts';

export interface SharedPlatform {
  /** For `--home`. */
  home: string;
  platform: Platform;
  /** Its datastore; closed after the last test. */
  store: Store;
}

let shared: { home: TestHome; started: Promise<SharedPlatform> } | undefined;

/**
 * The one local platform of all end-to-end tests of this mocha run; warm for all but the first. Each test uses flows or
 * runs of its own. Call it in a `before` hook with `FIRST_USE_TIMEOUT_MS`.
 */
export async function sharedPlatform(): Promise<SharedPlatform> {
  if (shared === undefined) {
    const home = await testHome();
    const started = withoutThrottle(home.path)
      .then(() => startPlatform(home.path, silentReport))
      .then(async ({ platform }) => ({ home: home.path, platform, store: await openStore(platform.store) }));
    shared = { home, started };
  }
  return shared.started;
}

/** All files together invoke more often than sixty times a minute; the throttles have tests of their own. */
async function withoutThrottle(home: string): Promise<void> {
  const paths = homePaths(home);
  const settings = await localSettings(paths);
  await writePrivateJson(paths.settings, { ...settings, limits: { invocationsPerMinute: 10_000 } });
}

// Of the root suite: after all files.
after(async function () {
  this.timeout(60_000);
  await shared?.started.then(({ store }) => store.close()).catch(() => {});
  await shared?.home.remove();
  shared = undefined;
});
