import type { Bundle, ManifestTrigger } from '../contract/manifest.ts';
import type { BundleDeployment } from '../platform/deploy/deploy-bundle.ts';
import type { DeployedEntity } from '../platform/deploy/deployed-entity.ts';
import type { SetSchedule } from '../platform/deploy/feed-schedules.ts';
import type { Whisk } from '../platform/openwhisk/client.ts';
import { type OnProgress, progressTo } from './on-progress.ts';
import { type Target, toolsOf, withClients } from './targets.ts';

export type { DeployedEntity } from '../platform/deploy/deployed-entity.ts';
export type { SetSchedule } from '../platform/deploy/feed-schedules.ts';

export interface DeployOptions {
  to: Target;
  /** Values of the secrets that the flow's steps name. */
  secrets?: Readonly<Record<string, string | undefined>> | undefined;
  /**
   * Whether to set what starts the flow by itself (schedules and triggers), and what finds its stalled runs. Default: true.
   * Without it, both stay as an earlier deploy has left them.
   */
  triggers?: boolean | undefined;
  /** A Python with pip, which fetches packages. Default: see `findPython`. */
  python?: string | undefined;
  /** Folder where fetched packages are kept. Default: `NUVOPIPE_HOME`, else `~/.nuvopipe`. */
  home?: string | undefined;
  onProgress?: OnProgress | undefined;
}

/** What a deploy did. */
export interface Deployment extends BundleDeployment {
  /** When the flow starts by itself next; absent where no schedule was set. */
  schedules?: SetSchedule[];
}

/**
 * Deploys a flow to an OpenWhisk. What is there and has not changed stays; a deploy that was interrupted can be repeated.
 *
 * @throws UserError `missing-secrets` before anything is asked, `name-taken` before anything is written; UserError or
 * SystemError `deploy-incomplete`, if it stopped in the middle.
 * @example
 * const { bundle } = await compile('flow.yaml');
 * const { entities } = await deploy(bundle, { to: await startLocal() });
 */
export async function deploy(bundle: Bundle, options: DeployOptions): Promise<Deployment> {
  const { to, secrets = {}, triggers = true } = options;
  // Before anything is fetched or asked.
  await requireSecrets(bundle, secrets);
  const [{ deployBundle }, { metaflowUser }] = await Promise.all([
    import('../platform/deploy/deploy-bundle.ts'),
    import('../platform/deploy/user.ts'),
  ]);
  const tools = await toolsOf(to, options);
  return withClients(to, async ({ whisk, store }) => {
    const report = progressTo(options.onProgress);
    const user = metaflowUser();
    const deployment = await deployBundle({ ...tools, bundle, whisk, store, user, secrets, triggers, report });
    report.progress('');
    const schedules = triggers ? await schedulesOf(bundle.manifest.triggers ?? [], whisk) : [];
    return { ...deployment, ...(schedules.length > 0 && { schedules }) };
  });
}

async function schedulesOf(triggers: readonly ManifestTrigger[], whisk: Whisk): Promise<SetSchedule[]> {
  const rules = triggers.flatMap(({ schedule, rule }) => (schedule ? [rule] : []));
  if (rules.length === 0) return [];
  const [{ setSchedules }, found] = await Promise.all([
    import('../platform/deploy/feed-schedules.ts'),
    Promise.all(rules.map((rule) => whisk.getRule(rule))),
  ]);
  const paused = rules.filter((_, index) => {
    const rule = found[index];
    return rule !== undefined && rule !== 'elsewhere' && !rule.isActive;
  });
  return setSchedules(triggers, Date.now(), new Set(paused));
}

export interface UndeployOptions {
  from: Target;
  /** Also if runs are live: they stop at their next step. Default: false. */
  force?: boolean | undefined;
  onProgress?: OnProgress | undefined;
}

/**
 * Deletes a flow from an OpenWhisk, with its schedules and triggers. Runs and artifacts are kept.
 *
 * @returns what was deleted
 * @throws UserError `unknown-flow`, `runs-are-live`; UserError or SystemError `undeploy-incomplete`.
 * @example
 * await undeploy('HelloFlow', { from: await cluster() });
 */
export async function undeploy(flow: string, options: UndeployOptions): Promise<DeployedEntity[]> {
  const { undeployFlow } = await import('../platform/deploy/undeploy-flow.ts');
  const { from, force = false, onProgress } = options;
  return withClients(from, async ({ whisk, store }) => {
    const report = progressTo(onProgress);
    const entities = await undeployFlow({ whisk, store, flow, force, report });
    report.progress('');
    return entities;
  });
}

/**
 * Names of the secrets that a flow's steps need.
 *
 * @example
 * const secrets = Object.fromEntries((await neededSecrets(bundle)).map((name) => [name, process.env[name]]));
 */
export async function neededSecrets({ plan }: Pick<Bundle, 'plan'>): Promise<string[]> {
  const { stepsBySecret } = await import('../platform/deploy/bind-secrets.ts');
  return [...stepsBySecret(plan).keys()];
}

/**
 * Checks that every secret that a flow needs has a value.
 *
 * @throws UserError `missing-secrets` with the names of all that are missing or empty.
 * @example
 * await requireSecrets(bundle, process.env);
 */
export async function requireSecrets(
  { plan }: Pick<Bundle, 'plan'>,
  secrets: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  (await import('../platform/deploy/bind-secrets.ts')).refuseMissingSecrets(plan, secrets);
}
