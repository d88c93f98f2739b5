import { count, named } from '../../base/counts.ts';
import { SystemError, UserError } from '../../base/errors.ts';
import type { Progress } from '../../base/terminal/progress.ts';
import { packageName } from '../../contract/names.ts';
import type { Whisk } from '../openwhisk/client.ts';
import { liveRuns } from '../runs/live-runs.ts';
import type { Store } from '../s3/store.ts';
import { deployTriggers, presentTriggers } from './deploy-triggers.ts';
import type { DeployedEntity } from './deployed-entity.ts';
import { type Found, ownerOf } from './owner.ts';

export interface FlowUndeployOptions {
  whisk: Whisk;
  /** Its index lists live runs. Runs and artifacts stay. */
  store: Store;
  flow: string;
  /** Even if runs are live: they stop before their next step. */
  force: boolean;
  report: Progress;
}

const LIVE_SHOWN_MAX = 3;

/**
 * Deletes what `nuvopipe deploy` created for a flow: first its triggers, then its actions, last its package. Entities
 * of other owners stay.
 *
 * @throws UserError `unknown-flow` if the flow is not deployed, `runs-are-live` if runs need it and deletion is not
 * forced
 * @throws UserError or SystemError `undeploy-incomplete`, after everything has been tried, listing what is left
 */
export async function undeployFlow(options: FlowUndeployOptions): Promise<DeployedEntity[]> {
  const { whisk, flow, force, report } = options;
  const started = { flow, conductor: { name: flow } };
  const present = await presentTriggers(whisk, started);
  const folder = packageName(flow);
  const found = await whisk.getPackage(folder);
  const hasPackage = belongsTo(flow, found);
  const packaged = found === undefined || found === 'elsewhere' ? [] : await whisk.listActions(folder);
  // What clients invoke is deleted first, so that no new run starts.
  const actions = [
    ...(belongsTo(flow, await whisk.getAction(flow)) ? [flow] : []),
    ...packaged.filter((action) => belongsTo(flow, action)).map(({ name }) => `${folder}/${name}`),
  ];
  if (!force) await refuseLive(options);

  const done: DeployedEntity[] = [];
  const failures: (UserError | SystemError)[] = [];
  const attempt = async (work: () => Promise<DeployedEntity[]>) => {
    try {
      done.push(...(await work()));
    } catch (error) {
      if (!(error instanceof UserError || error instanceof SystemError)) throw error;
      failures.push(error);
    }
  };
  const remove = (type: 'action' | 'package', name: string, work: () => Promise<void>) =>
    attempt(async () => {
      report.progress(`Deleting ${name}`);
      await work();
      report.detail(`deleted   ${type} ${name}`);
      return [{ type, name, outcome: 'deleted' }];
    });
  await attempt(() => deployTriggers({ whisk, manifest: started, present, report }));
  for (const name of actions) await remove('action', name, () => whisk.deleteAction(name));
  // A package that contains someone else's action cannot be deleted.
  if (hasPackage) await remove('package', folder, () => whisk.deletePackage(folder));
  if (failures.length > 0) throw incomplete(flow, done, failures);
  // A trigger of the flow might stay because others linked it.
  if (done.length === 0)
    throw new UserError('unknown-flow', `no flow ${flow} is deployed to ${whisk.settings.apihost}`);
  return done;
}

function belongsTo(flow: string, entity: Found): boolean {
  return ownerOf(entity).flow === flow;
}

async function refuseLive({ store, flow }: FlowUndeployOptions): Promise<void> {
  const live = [...(await liveRuns(store, flow))].map((run) => `${flow}/${run}`);
  if (live.length === 0) return;
  throw new UserError(
    'runs-are-live',
    `${count(live.length, 'run')} of ${flow} would stall: ${named(live, LIVE_SHOWN_MAX)}`,
    'wait for them, cancel them with nuvopipe cancel, or use --force',
  );
}

/** A user error if all are user errors. */
function incomplete(flow: string, done: DeployedEntity[], failures: (UserError | SystemError)[]): Error {
  const Kind = failures.every((error) => error instanceof UserError) ? UserError : SystemError;
  const reasons = failures.map(({ message }) => message).join('; ');
  return new Kind(
    'undeploy-incomplete',
    `${flow} was undeployed only partly (${done.length} entities deleted): ${reasons}`,
    'fix the cause and run the command again',
    { cause: failures[0] },
  );
}
