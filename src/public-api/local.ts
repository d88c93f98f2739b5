import type { PlatformStatus } from '../twin/host/platform-status.ts';
import { type OnProgress, progressTo } from './on-progress.ts';
import { homeOf, type LocalOptions, type LocalPlatform, platformOf } from './start-local.ts';

export type { PlatformStatus } from '../twin/host/platform-status.ts';

/**
 * The local platform, if it runs.
 *
 * @example
 * const platform = await local.find();
 * if (platform) for (const run of await runs.list(platform)) console.log(run.flow, run.run, run.status);
 */
export async function find({ home }: LocalOptions = {}): Promise<LocalPlatform | undefined> {
  const { readPlatform } = await import('../twin/host/platform-state.ts');
  const platform = await readPlatform(home);
  return platform && platformOf(platform, await homeOf(home), false);
}

/**
 * Whether the local platform runs, where, since when, and what is on it.
 *
 * @example
 * const status = await local.status();
 * console.log(status.running ? status.platform.apihost : 'not running');
 */
export async function status({ home }: LocalOptions = {}): Promise<PlatformStatus> {
  return (await import('../twin/host/platform-status.ts')).platformStatus(home);
}

/**
 * Stops the local platform. Flows, runs and artifacts are kept.
 *
 * @returns false, if it did not run
 * @example
 * await local.stop();
 */
export async function stop({
  home,
  onProgress,
}: LocalOptions & { onProgress?: OnProgress | undefined } = {}): Promise<boolean> {
  return (await import('../twin/host/platform.ts')).stopPlatform(home, progressTo(onProgress));
}

/**
 * Variables that other clients of the local platform need: wsk, Metaflow, boto3, any AWS SDK. The keys are among them.
 *
 * @throws UserError `no-platform`, if it does not run.
 * @example
 * spawn('python3', ['read_runs.py'], { env: { ...process.env, ...(await local.environment()) } });
 */
export async function environment({ home }: LocalOptions = {}): Promise<Record<string, string>> {
  const [{ homePaths, readPlatform }, { clientEnvironment }, { metaflowUser }, { UserError }] = await Promise.all([
    import('../twin/host/platform-state.ts'),
    import('../twin/host/client-env.ts'),
    import('../platform/deploy/user.ts'),
    import('../base/errors.ts'),
  ]);
  const platform = await readPlatform(home);
  if (!platform)
    throw new UserError('no-platform', 'the local platform is not running', 'start it with: nuvopipe local start');
  return {
    ...clientEnvironment(platform, homePaths(home).wskprops),
    // Tags runs and is required by Metaflow's client; defaults to the namespace.
    METAFLOW_USER: metaflowUser() ?? platform.whisk.namespace,
  };
}
