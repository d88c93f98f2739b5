import { SESSION_COMPONENTS_MAX } from '../../contract/openwhisk.generated.ts';
import { BOUND_PARAMETERS } from '../../contract/protocol.generated.ts';
import type { Element, Flow, Span } from '../model/flow.ts';
import type { Check } from './context.ts';

/** A native sequence only supports consecutive steps. */
export const checkTarget: Check = ({ flow, report }) => {
  if (flow.target !== 'sequence') return;
  const obstacle = sequenceObstacle(flow);
  if (!obstacle) return;
  const hint = 'write "target: auto", or remove it';
  report.error('no-sequence', obstacle.span, `a flow with "target: sequence" ${obstacle.reason}`, hint);
};

/** What prevents a flow from being an OpenWhisk sequence, if anything. */
export function sequenceObstacle(flow: Flow): { span: Span; reason: string } | undefined {
  for (const element of flow.steps) {
    const obstacle = obstacleAt(element);
    if (obstacle) return obstacle;
  }
  const [failure] = flow.onFailure;
  if (failure) return { span: spanOf(failure), reason: 'cannot have onFailure: a sequence ends when a step fails' };
  if (flow.timeoutMs)
    return { span: flow.timeoutMs.span, reason: 'cannot have a timeout: nothing monitors a sequence' };
  if (flow.runs) return { span: flow.runs.span, reason: 'cannot have runs: a sequence cannot wait for another run' };
  const bound = flow.parameters.find(({ name }) => BOUND_PARAMETERS.has(name.value));
  if (bound) {
    const reason = `cannot have a parameter "${bound.name.value}": its first action already uses this name`;
    return { span: bound.name.span, reason };
  }
  const secret = flow.parameters.find(({ type }) => type === 'secret');
  if (secret) {
    const reason = `cannot have a secret parameter: nothing encrypts "${secret.name.value}" in transit`;
    return { span: secret.name.span, reason };
  }
  if (flow.steps.length > SESSION_COMPONENTS_MAX) {
    const reason = `can have at most ${SESSION_COMPONENTS_MAX} steps, not ${flow.steps.length}`;
    return { span: flow.targetSpan ?? flow.stepsSpan, reason };
  }
  return undefined;
}

function obstacleAt(element: Element): { span: Span; reason: string } | undefined {
  if (element.kind !== 'step') {
    const what = element.kind === 'branches' ? 'branches' : `a ${element.kind}`;
    return { span: element.span, reason: `cannot have ${what}: its steps always run one after another` };
  }
  const { body, retry, catch: caught } = element;
  if (body.kind === 'action' || body.kind === 'flow') {
    return { span: body.span, reason: `cannot have ${body.kind === 'flow' ? 'a flow' : 'an action'} as a step` };
  }
  if (retry && retry.times > 0)
    return { span: retry.span, reason: 'cannot have a retry: a sequence cannot repeat steps' };
  if (caught) return { span: caught.span, reason: 'cannot have a catch: a sequence ends when a step fails' };
  return undefined;
}

function spanOf(element: Element): Span {
  return element.kind === 'step' ? element.name.span : element.span;
}
