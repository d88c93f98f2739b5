import { SystemError, UserError } from '../../base/errors.ts';
import type { Progress } from '../../base/terminal/progress.ts';
import { ALARMS_PACKAGE, type Manifest, type ManifestTrigger } from '../../contract/manifest.ts';
import type { KeyValue, ListedEntity, TriggerEntity, Whisk } from '../openwhisk/client.ts';
import type { DeployedEntity, Outcome } from './deployed-entity.ts';
import { type Found, hashOf, ownerAnnotation, ownerOf } from './owner.ts';

/** The existing triggers and rules of a flow, and those with the names it needs. */
export interface PresentTriggers {
  triggers: ReadonlyMap<string, TriggerEntity | 'elsewhere' | undefined>;
  rules: ReadonlyMap<string, Found>;
  /** From an earlier deploy and no longer in the flow. */
  stale: { triggers: ListedEntity[]; rules: ListedEntity[] };
}

/** What triggers can start: a flow, or an action of nuvopipe whose name identifies its triggers. */
export type Triggered = Pick<Manifest, 'flow' | 'triggers'> & { conductor: { name: string } };

export async function presentTriggers(whisk: Whisk, { flow, triggers = [] }: Triggered): Promise<PresentTriggers> {
  const [allTriggers, allRules, namedTriggers, namedRules] = await Promise.all([
    whisk.list('triggers'),
    whisk.list('rules'),
    Promise.all(triggers.map(async ({ name }) => [name, await whisk.getTrigger(name)] as const)),
    Promise.all(triggers.map(async ({ rule }) => [rule, await whisk.getRule(rule)] as const)),
  ]);
  const planned = new Set(triggers.flatMap(({ name, rule }) => [name, rule]));
  const isStale = (entity: ListedEntity) =>
    ownerOf(entity).flow === flow && !planned.has(entity.name) && !planned.has(`/${entity.namespace}/${entity.name}`);
  return {
    triggers: new Map(namedTriggers),
    rules: new Map(namedRules),
    stale: { triggers: allTriggers.filter(isStale), rules: allRules.filter(isStale) },
  };
}

/** Names of triggers and rules that belong to others. */
export function foreignTriggers({ triggers, rules }: PresentTriggers, manifest: Triggered): string[] {
  const isForeign = (found: Found) => found !== undefined && ownerOf(found).flow !== manifest.flow;
  return (manifest.triggers ?? []).flatMap(({ name, rule, feed }) => {
    const trigger = triggers.get(name);
    // A trigger that the flow does not fire can belong to anyone: it is only linked.
    const taken = feed === undefined ? trigger === 'elsewhere' : isForeign(trigger);
    return [...(taken ? [name] : []), ...(isForeign(rules.get(rule)) ? [rule] : [])];
  });
}

export interface TriggerOptions {
  whisk: Whisk;
  manifest: Triggered;
  present: PresentTriggers;
  report: Progress;
}

/**
 * Creates triggers, feeds and rules from the manifest, and removes those of an earlier deploy. A rule is written last
 * and records its source, so that the next deploy repeats interrupted work.
 *
 * @throws UserError or SystemError, after everything has been tried, listing what does not start the flow and why
 */
export async function deployTriggers(options: TriggerOptions): Promise<DeployedEntity[]> {
  const { manifest, present, report } = options;
  const done: DeployedEntity[] = [];
  const failures: Failure[] = [];
  const attempt = async (what: string, work: () => Promise<DeployedEntity[]>) => {
    try {
      for (const entity of await work()) {
        done.push(entity);
        report.detail(`${entity.outcome.padEnd(9)} ${entity.type} ${entity.name}`);
      }
    } catch (error) {
      if (!(error instanceof UserError || error instanceof SystemError)) throw error;
      failures.push({ what, error });
    }
  };
  for (const { name } of present.stale.rules) {
    await attempt(`the rule ${name} of an earlier deploy was not removed`, async () => {
      await options.whisk.deleteRule(name);
      return [{ type: 'rule', name, outcome: 'deleted' }];
    });
  }
  for (const trigger of present.stale.triggers) {
    const what = `the trigger ${trigger.name} of an earlier deploy was not removed`;
    await attempt(what, () => removeTrigger(trigger, options));
  }
  for (const trigger of manifest.triggers ?? []) {
    report.progress(`Deploying ${trigger.name}`);
    const { schedule, name } = trigger;
    const what = schedule ? `its schedule "${schedule.cron}" was not set` : `its trigger ${name} does not start it`;
    await attempt(what, () => setTrigger(trigger, options));
  }
  if (failures.length > 0) throw incomplete(manifest.flow, failures);
  return done;
}

async function setTrigger(trigger: ManifestTrigger, options: TriggerOptions): Promise<DeployedEntity[]> {
  const { whisk, manifest, present } = options;
  const { name, rule, feed, parameters, schedule } = trigger;
  const action = manifest.conductor.name;
  const hash = hashOf({ name, feed, parameters, action }, whisk.settings.auth);
  const [before, ruleBefore] = [present.triggers.get(name), present.rules.get(rule)];
  const isOurs = before === undefined || ownerOf(before).flow === manifest.flow;
  const outcome = (found: Found): Outcome => (found === undefined ? 'created' : 'updated');

  const isLinked =
    before !== undefined && before !== 'elsewhere' && before.rules.some((path) => path.endsWith(`/${rule}`));
  const isSame = isLinked && ownerOf(ruleBefore).hash === hash;
  if (isSame && (schedule === undefined || (await isActive(trigger, options)))) {
    return [
      ...(isOurs ? [{ type: 'trigger' as const, name, outcome: 'unchanged' as const }] : []),
      { type: 'rule', name: rule, outcome: 'unchanged' },
    ];
  }
  if (isOurs) {
    const feedBefore = feedOf(before);
    // A feed must not be created twice, and an update cannot remove parameters.
    if (feedBefore !== undefined) await releaseFeed(name, feedBefore, options);
    await whisk.putTrigger(name, [
      ...(feed === undefined ? [] : [{ key: 'feed', value: feed }]),
      ownerAnnotation({ flow: manifest.flow }),
    ]);
  }
  try {
    if (feed !== undefined) await createFeed(trigger, feed, options);
  } catch (error) {
    if (before === undefined) await whisk.deleteTrigger(name);
    throw error;
  }
  // A rule that lost its trigger would stay inactive with the new one.
  if (ruleBefore !== undefined && !isLinked) await whisk.deleteRule(rule);
  await whisk.putRule(rule, { trigger: name, action, annotations: [ownerAnnotation({ flow: manifest.flow, hash })] });
  return [
    ...(isOurs ? [{ type: 'trigger' as const, name, outcome: outcome(before) }] : []),
    { type: 'rule', name: rule, outcome: outcome(ruleBefore) },
  ];
}

/** The flow's rules on it are gone; if others linked it, it stays. */
async function removeTrigger(trigger: ListedEntity, options: TriggerOptions): Promise<DeployedEntity[]> {
  const { whisk } = options;
  const { name } = trigger;
  const found = await whisk.getTrigger(name);
  if (found === undefined || found === 'elsewhere' || found.rules.length > 0) return [];
  const feed = feedOf(trigger);
  if (feed !== undefined) await releaseFeed(name, feed, options);
  await whisk.deleteTrigger(name);
  return [{ type: 'trigger', name, outcome: 'deleted' }];
}

function feedOf(trigger: { annotations: KeyValue[] } | 'elsewhere' | undefined): string | undefined {
  if (trigger === undefined || trigger === 'elsewhere') return undefined;
  const feed = trigger.annotations.find(({ key }) => key === 'feed')?.value;
  return typeof feed === 'string' ? feed : undefined;
}

/** Whether an alarm is still set: its service might have lost or disabled it. */
async function isActive({ name, feed }: ManifestTrigger, options: TriggerOptions): Promise<boolean> {
  try {
    const result = await callFeed('READ', { name, feed }, options);
    return (result as { status?: { active?: boolean } } | null)?.status?.active !== false;
  } catch (error) {
    if (error instanceof UserError) return false;
    throw error;
  }
}

/** A trigger that was deleted without its feed still exists for the feed. */
async function createFeed(trigger: ManifestTrigger, feed: string, options: TriggerOptions): Promise<void> {
  try {
    await callFeed('CREATE', trigger, options);
  } catch (error) {
    if (!(error instanceof UserError && error.code === 'feed-refused')) throw error;
    await releaseFeed(trigger.name, feed, options);
    await callFeed('CREATE', trigger, options);
  }
}

/** A feed that does not exist or does not know the trigger has nothing to release. */
async function releaseFeed(name: string, feed: string, options: TriggerOptions): Promise<void> {
  try {
    await callFeed('DELETE', { name, feed }, options);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
  }
}

interface FeedCall {
  name: string;
  feed?: string | undefined;
  parameters?: Record<string, unknown> | undefined;
}

/** Invokes a feed like `wsk trigger create --feed`. @returns its answer */
async function callFeed(
  lifecycleEvent: 'CREATE' | 'READ' | 'DELETE',
  { name, feed = '', parameters }: FeedCall,
  { whisk }: TriggerOptions,
): Promise<unknown> {
  const { apihost, auth, namespace } = whisk.settings;
  const triggerName = name.startsWith('/') ? name : `/${namespace}/${name}`;
  const params = { ...parameters, lifecycleEvent, triggerName, authKey: auth };
  const invocation = await whisk.invoke(feed, params, { blocking: true }).catch((error: UserError) => {
    // For a missing package, access to the namespace whisk.system might be denied.
    if (!['whisk-not-found', 'whisk-forbidden'].includes(error.code)) throw error;
    const isAlarm = feed.startsWith(`${ALARMS_PACKAGE}/`);
    throw new UserError(
      'no-feed',
      `${apihost} has no feed ${feed}`,
      isAlarm
        ? 'install the alarms package (openwhisk-package-alarms) on the cluster and deploy again; until then, start the flow some other way'
        : 'check the name of the feed, and deploy again',
      { cause: error },
    );
  });
  const { response } = invocation;
  if (response === undefined) throw new SystemError('feed-silent', `the feed ${feed} does not answer`, 'deploy again');
  if (response.success) return response.result;
  const reason = reasonOf(response.result).replaceAll(auth, '…');
  throw new UserError(
    'feed-refused',
    `the feed ${feed} rejected its arguments: ${reason}`,
    'correct its arguments and deploy again',
  );
}

/** The alarms say `{error: {error: text}}`. */
function reasonOf(result: unknown): string {
  if (typeof result === 'string') return result;
  const error = (result as { error?: unknown } | null | undefined)?.error;
  return error === undefined ? JSON.stringify(result) : reasonOf(error);
}

interface Failure {
  what: string;
  error: UserError | SystemError;
}

function incomplete(flow: string, failures: Failure[]): Error {
  const [{ error: first }] = failures as [Failure];
  const Kind = failures.every(({ error }) => error instanceof UserError) ? UserError : SystemError;
  const reasons = failures.map(({ what, error }) => `${what}: ${error.message}`);
  return new Kind(first.code, `${flow} was deployed, but ${reasons.join('; ')}`, first.hint, { cause: first });
}
