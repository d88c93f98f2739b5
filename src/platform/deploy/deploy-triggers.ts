import { SystemError, UserError } from '../../base/errors.ts';
import type { Progress } from '../../base/terminal/progress.ts';
import { ALARMS_PACKAGE, type Manifest, type ManifestTrigger } from '../../contract/manifest.ts';
import type { KeyValue, ListedEntity, TriggerEntity, Whisk } from '../openwhisk/client.ts';
import type { DeployedEntity, Outcome } from './deployed-entity.ts';
import { type Found, hashOf, ownerAnnotation, ownerOf } from './owner.ts';

/** What an OpenWhisk has of a flow's triggers and rules, and of the names that they are to have. */
export interface PresentTriggers {
  triggers: ReadonlyMap<string, TriggerEntity | 'elsewhere' | undefined>;
  rules: ReadonlyMap<string, Found>;
  /** Of an earlier deploy, and no more in the flow. */
  stale: { triggers: ListedEntity[]; rules: ListedEntity[] };
}

/** What triggers may start: a flow, or an action that is nobody's but nuvopipe's, by whose name its triggers are known. */
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

/** Names that a flow's triggers and rules cannot have, since somebody else has them. */
export function foreignTriggers({ triggers, rules }: PresentTriggers, manifest: Triggered): string[] {
  const isForeign = (found: Found) => found !== undefined && ownerOf(found).flow !== manifest.flow;
  return (manifest.triggers ?? []).flatMap(({ name, rule, feed }) => {
    const trigger = triggers.get(name);
    // A trigger that nothing of the flow fires may be anybody's: it is only linked.
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
 * Makes triggers, feeds and rules as the manifest has them, and removes those of an earlier deploy. A rule is written last and
 * says what it stands for, so that what stops in the middle is done again by the next deploy.
 *
 * @throws UserError or SystemError, after all has been tried, that says what does not start the flow and why.
 */
export async function deployTriggers(options: TriggerOptions): Promise<DeployedEntity[]> {
  const { manifest, present, report } = options;
  const done: DeployedEntity[] = [];
  const failures: Failure[] = [];
  const attempt = async (what: string, work: () => Promise<DeployedEntity[]>) => {
    try {
      for (const entity of await work()) {
        done.push(entity);
        report.line(`${entity.outcome.padEnd(9)} ${entity.type} ${entity.name}`);
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
    // A feed creates no second time what it has; an update could not take anything away.
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
  // One that has lost its trigger would stay inactive with the new one.
  if (ruleBefore !== undefined && !isLinked) await whisk.deleteRule(rule);
  await whisk.putRule(rule, { trigger: name, action, annotations: [ownerAnnotation({ flow: manifest.flow, hash })] });
  return [
    ...(isOurs ? [{ type: 'trigger' as const, name, outcome: outcome(before) }] : []),
    { type: 'rule', name: rule, outcome: outcome(ruleBefore) },
  ];
}

/** Its rules of this flow are gone already; one that others have linked stays for them. */
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

/** Whether an alarm is set still: its service may have lost it, or given it up. */
async function isActive({ name, feed }: ManifestTrigger, options: TriggerOptions): Promise<boolean> {
  try {
    const result = await callFeed('READ', { name, feed }, options);
    return (result as { status?: { active?: boolean } } | null)?.status?.active !== false;
  } catch (error) {
    if (error instanceof UserError) return false;
    throw error;
  }
}

/** A trigger that somebody has deleted without its feed is there for the feed still. */
async function createFeed(trigger: ManifestTrigger, feed: string, options: TriggerOptions): Promise<void> {
  try {
    await callFeed('CREATE', trigger, options);
  } catch (error) {
    if (!(error instanceof UserError && error.code === 'feed-refused')) throw error;
    await releaseFeed(trigger.name, feed, options);
    await callFeed('CREATE', trigger, options);
  }
}

/** A feed that is gone, or knows nothing of the trigger, has nothing to release. */
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

/** As `wsk trigger create --feed` calls it. @returns what it answers */
async function callFeed(
  lifecycleEvent: 'CREATE' | 'READ' | 'DELETE',
  { name, feed = '', parameters }: FeedCall,
  { whisk }: TriggerOptions,
): Promise<unknown> {
  const { apihost, auth, namespace } = whisk.settings;
  const triggerName = name.startsWith('/') ? name : `/${namespace}/${name}`;
  const params = { ...parameters, lifecycleEvent, triggerName, authKey: auth };
  const invocation = await whisk.invoke(feed, params, { blocking: true }).catch((error: UserError) => {
    // Of a package that is not there, the namespace whisk.system may not even be looked at.
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
