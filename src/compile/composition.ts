import type { Composition } from 'openwhisk-composer';
import composer from 'openwhisk-composer';
import { CALL_ANSWER_MAX_BYTES, ENVELOPE_KEY } from '../model/envelope.ts';
import type { Plan } from '../model/plan.ts';
import { packageName, stepActionName, versionOf } from '../model/version.ts';
import { PUBLIC_KEY, SEAL } from './sealing.ts';

/** Text of a failed component that goes on with the envelope; it has to fit in it. */
const DIED_MAX_BYTES = 300;

/** Text of the error of an action that a step calls. */
const CALL_ERROR_MAX_BYTES = 300;
const ERROR_NAME_MAX_LENGTH = 80;

/** One pause in the `wait` action; a longer one is made of several. As `PAUSE_MAX_MS` of the runtime's `attempts.py`. */
export const PAUSE_MAX_MS = 240_000;

interface Block {
  name: string;
  /** Its step action. */
  performs: string;
  steps: string[];
  /** The action that its one step invokes. */
  action?: string;
}

/**
 * The composition of a flow: what a session of its conductor does.
 *
 * ```
 * enter: the envelope that was given, or a new run's
 * while the envelope names a block
 *   try
 *     if it asks to wait: wait
 *     else dispatch on the block (a balanced tree)
 *       do the step action of the block's profile, or that of a stand-in
 *       if it answers a call: the action that is called
 *       while what it answers is in this block still
 *   if that died: tell the same step action once, then the stand-ins; then give up
 * answer
 * ```
 *
 * Its actions are those of the flow's version, so that a session meets no other whatever is deployed while it is under way.
 *
 * The functions are stored as text and evaluated by the conductor: they close over nothing but `saved`, the envelope as it was
 * before the component that runs.
 */
export function compose(plan: Plan): Composition {
  const actions = `/_/${packageName(plan.flow)}`;
  const pause = composer.sequence(
    composer.function(PAUSE),
    // A pause that is cut short says nothing of the step that is to follow.
    composer.try(composer.action(`${actions}/wait`), composer.function(GO_ON)),
    composer.function(GO_ON),
  );
  const visit = composer.if_nosave(composer.function(WAITS), pause, settle(plan, actions));
  const guarded = composer.try(visit, composer.function(handleDeath(plan)));
  const walk = composer.let({ saved: null }, composer.while_nosave(composer.function(GOES_ON), guarded));
  return composer.sequence(composer.function(enter(plan)), walk, composer.function(ANSWER));
}

/**
 * The first envelope of a run, unless a session was launched with one. What OpenWhisk itself adds to the arguments (a fired
 * trigger's and a web action's `__ow_headers` and the like) are no parameters of the flow. Those of a flow with secrets are sealed.
 */
function enter({ start, steps, parameters }: Plan): string {
  const hasSecrets = Object.values(parameters).some(({ type }) => type === 'secret');
  const params = hasSecrets ? `params: (${SEAL})(params, '${PUBLIC_KEY}')` : 'params';
  return `given => {
  if (given.${ENVELOPE_KEY}) return given.${ENVELOPE_KEY}
  const { run, wait, cancel, resume, ...params } = given
  const enter = { block: ${JSON.stringify(steps[start]?.block)}, step: ${JSON.stringify(start)}, at: [], home: true }
  if (cancel !== undefined) return Object.assign(enter, { run: String(cancel), cancel: true })
  for (const name of Object.keys(params)) if (name.startsWith('__ow_')) delete params[name]
  if (resume !== undefined) {
    enter.origin = [String(resume)].concat(params.from === undefined ? [] : [String(params.from)])
    delete params.from
  }
  const time = new Date().toISOString().replace(/\\D/g, '').slice(0, 14)
  const envelope = Object.assign(enter, {
    run: run === undefined ? time + '-' + (process.env.__OW_ACTIVATION_ID || '').slice(0, 8) : String(run), ${params}
  })
  if (wait !== undefined) envelope.answerWithin = wait
  return envelope
}`;
}

/** Tests leave their outcome in the envelope, as `value`; whatever comes next takes it away. */
const GOES_ON = 'e => (e.value = e.block !== undefined, e)';
const WAITS = 'e => (e.value = e.wait > 0, e)';

const REMEMBER = 'e => { delete e.value; saved = e }';

const PAUSE = `({ value, wait, ...e }) => {
  const pause = Math.min(wait, ${PAUSE_MAX_MS})
  saved = Object.assign(e, { used: (e.used || 0) + 1 })
  if (wait > pause) saved.wait = wait - pause
  return { wait: pause }
}`;
const GO_ON = '() => saved';

/** An action's arguments; its answer, or that it failed, goes into the envelope. */
const CALLS = 'e => (e.value = e.call !== undefined, e)';
const TAKE = `({ value, call, ...e }) => {
  saved = Object.assign(e, { used: (e.used || 0) + 1 })
  return call
}`;
const FAILED = `({ error }) => {
  const text = typeof error === 'string' ? error : error && (error.error || error.message) || error
  const whole = Buffer.from(typeof text === 'string' ? text : JSON.stringify(text))
  const message = whole.length > ${CALL_ERROR_MAX_BYTES} ? whole.subarray(0, ${CALL_ERROR_MAX_BYTES}).toString() + '…' : whole.toString()
  const name = error && error.name
  return { nuvopipeFailed: typeof name === 'string' && name.length <= ${ERROR_NAME_MAX_LENGTH} ? { name, message } : message }
}`;
const GIVE = `answer => {
  if (answer.nuvopipeFailed !== undefined) return Object.assign({}, saved, { answer: { error: answer.nuvopipeFailed } })
  const bytes = Buffer.byteLength(JSON.stringify(answer))
  const error = 'its answer has ' + bytes + ' bytes: a step takes ${CALL_ANSWER_MAX_BYTES} at most'
  return Object.assign({}, saved, { answer: bytes > ${CALL_ANSWER_MAX_BYTES} ? { error } : { result: answer } })
}`;

/** What OpenWhisk says of a component that is not there; of one that could not be invoked, too. */
const NOT_RESOLVED = 'Failed to resolve action';

/**
 * A step action answered an error: it gets its envelope once more, with the error's text. One that dies again does not start:
 * another action settles the step.
 */
function handleDeath({ flow, hash, standIns = [] }: Plan): string {
  return `({ error }) => {
  const text = typeof error === 'string' ? error : error && (error.error || error.message) || JSON.stringify(error)
  const died = Buffer.from(String(text)).subarray(0, ${DIED_MAX_BYTES}).toString()
  const { run, step, standIn = 0 } = saved
  const following = Object.assign({}, saved, { used: (saved.used || 0) + 1 })
  if (saved.died === undefined) return Object.assign(following, { died })
  if (standIn < ${standIns.length}) return Object.assign(following, { standIn: standIn + 1 }, standIn === 0 ? { died } : {})
  const gone = died.startsWith('${NOT_RESOLVED}') ? ' If version ${versionOf(hash)} of ${flow} is no longer deployed: nuvopipe resume ${flow}/' + run : ''
  const message = step + ': its action died twice: ' + died + gone
  return { error: { run, status: 'failed', message, step, error: message } }
}`;
}

/** The step action of the block, or the stand-in that the envelope names. */
function settle({ standIns = [], ...plan }: Plan, actions: string): Composition {
  return standIns.reduceRight(
    (otherwise, profile, index) => {
      const test = `e => (e.value = e.standIn === ${index + 1}, e)`;
      const action = composer.action(`${actions}/${stepActionName(profile, plan.hash)}`);
      return composer.if_nosave(
        composer.function(test),
        composer.sequence(composer.function(REMEMBER), action),
        otherwise,
      );
    },
    dispatch(blocksOf(plan), actions),
  );
}

/** OpenWhisk takes an activation for failed whose answer has an `error`; its npm client finds the reason at `error.error`. */
const ANSWER = `({ run, result }) => {
  const { error, ...rest } = result || { run, status: 'running' }
  return error ? { error: Object.assign(rest, error, { error: error.message }) } : rest
}`;

/** Picks the block by halves: the names are in order, a test says on which side of a name the envelope's block is. */
function dispatch(blocks: readonly Block[], actions: string): Composition {
  if (blocks.length > 1) {
    const middle = blocks.length >> 1;
    const test = `e => (e.value = e.block < ${JSON.stringify(blocks[middle]?.name)}, e)`;
    const [left, right] = [dispatch(blocks.slice(0, middle), actions), dispatch(blocks.slice(middle), actions)];
    return composer.if_nosave(composer.function(test), left, right);
  }
  const { name, performs, steps, action } = blocks[0] as Block;
  const step = composer.sequence(composer.function(REMEMBER), composer.action(`${actions}/${performs}`));
  const stays = `e => (e.value = e.block === ${JSON.stringify(name)} && !e.wait, e)`;
  const loop = composer.dowhile_nosave(
    action === undefined ? step : composer.sequence(step, invoke(action)),
    composer.function(stays),
  );
  // The conductor logs it, and who reads the composition finds the steps.
  loop.path = ` block ${name}: ${steps.join(', ')}`;
  return loop;
}

/** What a step answers is given to the action that it calls; the step gets its envelope back, with the answer. */
function invoke(action: string): Composition {
  const called = composer.try(composer.action(action), composer.function(FAILED));
  const call = composer.sequence(composer.function(TAKE), called, composer.function(GIVE));
  return composer.if_nosave(composer.function(CALLS), call, composer.sequence());
}

/** The plan's blocks in the order of their names, as JavaScript compares them. */
function blocksOf({ steps, hash }: Plan): Block[] {
  const blocks = new Map<string, Block>();
  for (const [step, { block, profile, call }] of Object.entries(steps)) {
    const found = blocks.get(block);
    if (found) found.steps.push(step);
    else {
      const action = call && 'action' in call ? { action: call.action } : {};
      blocks.set(block, { name: block, performs: stepActionName(profile, hash), steps: [step], ...action });
    }
  }
  return [...blocks.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}
