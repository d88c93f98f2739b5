import { startPlatform } from '../../src/local/platform.ts';
import type { Platform } from '../../src/local/state.ts';
import { silentReport } from '../../src/terminal/report.ts';
import { type TestHome, testHome } from './home.ts';

export interface SharedPlatform {
  /** For `--home`. */
  home: string;
  platform: Platform;
}

let shared: { home: TestHome; started: Promise<SharedPlatform> } | undefined;

/**
 * The one local platform of all end-to-end tests of this mocha run; warm for all but the first. Each test uses flows or
 * runs of its own. Call it in a `before` hook with `FIRST_USE_TIMEOUT_MS`.
 */
export async function sharedPlatform(): Promise<SharedPlatform> {
  if (shared === undefined) {
    const home = await testHome();
    const started = startPlatform(home.path, silentReport).then(({ platform }) => ({ home: home.path, platform }));
    shared = { home, started };
  }
  return shared.started;
}

// Of the root suite: after all files.
after(async function () {
  this.timeout(60_000);
  await shared?.home.remove();
  shared = undefined;
});
