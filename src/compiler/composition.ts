import type { Composition } from 'openwhisk-composer';
import composer from 'openwhisk-composer';
import { packageName, stepActionName, versionedConductorName, versionOf } from '../contract/names.ts';
import { NOT_RESOLVED, SESSION_COMPONENTS_MAX } from '../contract/openwhisk.generated.ts';
import type { Plan } from '../contract/plan.ts';
import {
  CALL_ANSWER_MAX_BYTES,
  CALL_ERROR_MAX_BYTES,
  CALL_ERROR_NAME_MAX_LENGTH,
  DIED_MAX_BYTES,
  ENVELOPE_KEY,
  PAUSE_MAX_MS,
} from '../contract/protocol.generated.ts';
import * as functions from './conductor-functions.generated.ts';

/** Placeholder in a conductor; a deploy replaces it with how to check OpenWhisk's certificate, as JSON in base64. */
export const TLS = '@tls@';

/**
 * Placeholder in the conductor of a flow with secret parameters; a deploy replaces it with the flow's public key in
 * base64.
 */
export const PUBLIC_KEY = '@public-key@';

interface Block {
  name: string;
  /** Its step action. */
  performs: string;
  steps: string[];
  /** The action that its only step invokes. */
  action?: string;
}

/**
 * The composition of a flow: what a session of its conductor does.
 *
 * ```
 * enter: the envelope that was given, or a new run's
 * launch what the envelope asks for; while it names a block
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
 * Its functions are those of `runtime/conductor`, as text.
 */
export function compose(plan: Plan): Composition {
  const actions = `/_/${packageName(plan.flow)}`;
  const goOn = composer.function(functions.goOn);
  const pause = composer.sequence(
    composer.function(made(functions.pause, PAUSE_MAX_MS)),
    // An interrupted pause does not affect the step that follows.
    composer.try(composer.action(`${actions}/wait`), goOn),
    goOn,
  );
  const visit = composer.if_nosave(composer.function(functions.waits), pause, settle(plan, actions));
  const guarded = composer.try(visit, handleDeath(plan));
  const walk = composer.let(
    { saved: null },
    composer.while_nosave(composer.sequence(launch(plan), composer.function(functions.goesOn)), guarded),
  );
  return composer.sequence(enter(plan), walk, composer.function(functions.answer));
}

/**
 * The first envelope of a run, unless a session was launched with one. The parameters of a flow with secrets are
 * encrypted.
 */
function enter({ start, steps, parameters }: Plan): Composition {
  const first = composer.function(made(functions.enter, ENVELOPE_KEY, steps[start]?.block, start));
  const hasSecrets = Object.values(parameters).some(({ type }) => type === 'secret');
  return hasSecrets ? composer.sequence(first, composer.function(made(functions.sealParameters, PUBLIC_KEY))) : first;
}

/** What a step's answer asks for is launched before the session continues. */
function launch({ flow, hash, steps }: Plan): Composition {
  const flows = Object.values(steps).flatMap(({ call }) => (call && 'flow' in call ? [call.flow] : []));
  const conductor = `${packageName(flow)}/${versionedConductorName(hash)}`;
  const constants = { conductor, flows: [...new Set(flows)].toSorted(), tls: TLS };
  return composer.function(made(functions.launch, { ...constants, componentsMax: SESSION_COMPONENTS_MAX }));
}

/** Source of the function that a function in `runtime/conductor` returns for these constants. */
function made(text: string, ...constants: unknown[]): string {
  return `(${text})(${constants.map((constant) => JSON.stringify(constant)).join(', ')})`;
}

/** What the session does if a step action returns an error. */
function handleDeath({ flow, hash, standIns = [] }: Plan): Composition {
  const constants = { flow, version: versionOf(hash), standIns: standIns.length };
  const limits = { maxBytes: DIED_MAX_BYTES, notResolved: NOT_RESOLVED };
  return composer.function(made(functions.handleDeath, { ...constants, ...limits }));
}

/** The step action of the block, or the stand-in named in the envelope. */
function settle({ standIns = [], ...plan }: Plan, actions: string): Composition {
  return standIns.reduceRight(
    (otherwise, profile, index) => {
      const test = made(functions.isStandIn, index + 1);
      const action = composer.action(`${actions}/${stepActionName(profile, plan.hash)}`);
      return composer.if_nosave(
        composer.function(test),
        composer.sequence(composer.function(functions.remember), action),
        otherwise,
      );
    },
    dispatch(blocksOf(plan), actions),
  );
}

/** Selects the block by bisection: the names are sorted, and each test compares the envelope's block with one name. */
function dispatch(blocks: readonly Block[], actions: string): Composition {
  if (blocks.length > 1) {
    const middle = blocks.length >> 1;
    const test = made(functions.isBefore, blocks[middle]?.name);
    const [left, right] = [dispatch(blocks.slice(0, middle), actions), dispatch(blocks.slice(middle), actions)];
    return composer.if_nosave(composer.function(test), left, right);
  }
  const { name, performs, steps, action } = blocks[0] as Block;
  const step = composer.sequence(composer.function(functions.remember), composer.action(`${actions}/${performs}`));
  const loop = composer.dowhile_nosave(
    action === undefined ? step : composer.sequence(step, invoke(action)),
    composer.function(made(functions.stays, name)),
  );
  // Logged by the conductor, and helps readers of the composition find the steps.
  loop.path = ` block ${name}: ${steps.join(', ')}`;
  return loop;
}

/**
 * The answer of a step becomes the argument of the action it calls; then the step receives its envelope with the
 * action's answer.
 */
function invoke(action: string): Composition {
  const fail = composer.function(made(functions.failCall, CALL_ERROR_MAX_BYTES, CALL_ERROR_NAME_MAX_LENGTH));
  const give = composer.function(made(functions.giveAnswer, CALL_ANSWER_MAX_BYTES));
  const called = composer.try(composer.action(action), fail);
  const call = composer.sequence(composer.function(functions.takeCall), called, give);
  return composer.if_nosave(composer.function(functions.calls), call, composer.sequence());
}

/** The plan's blocks, sorted by name in JavaScript's order. */
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
