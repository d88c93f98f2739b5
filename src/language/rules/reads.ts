import { FLOWSPEC_ATTRIBUTES } from '../../contract/protocol.generated.ts';
import type { Body, Code, Flow, Span } from '../model/flow.ts';
import { allSteps } from '../model/flow.ts';
import type { PythonFacts } from '../python/facts.ts';

/** A read of an artifact by a flow. */
export interface Read {
  name: string;
  span(): Span;
  /** How the artifact is written there. */
  text: string;
  /** On every path through the code that reads it. */
  sure: boolean;
}

const NAME = /^[\p{ID_Start}_][\p{ID_Continue}]*$/u;

/** What a step's body reads before it can have set it itself. */
export function* readsOf(body: Body | undefined, facts: PythonFacts): Generator<Read> {
  switch (body?.kind) {
    case 'run':
      yield* readsOfCode(body, facts.bodies.get(body));
      break;
    case 'call':
      for (const name of facts.functionOf(body)?.required ?? []) {
        yield { name, span: () => body.span, text: `the argument "${name}"`, sure: true };
      }
      break;
    case 'action':
    case 'flow':
      for (const { value, span } of body.with.references) {
        if (!NAME.test(value)) continue; // which is reported elsewhere
        yield { name: value, span: () => span, text: `\${${value}}`, sure: true };
      }
  }
}

/** What a Python expression of an element reads. */
export function readsOfExpression(code: Code | undefined, facts: PythonFacts): Generator<Read> {
  return readsOfCode(code, code && facts.expressions.get(code));
}

function* readsOfCode(code: Code | undefined, facts: ReturnType<PythonFacts['bodies']['get']>): Generator<Read> {
  if (!code || !facts) return;
  for (const { name, at, sure } of facts.reads) {
    yield { name, span: () => facts.spanOf(at), text: `self.${name}`, sure };
  }
}

/** Whether every step has a name on `self`: parameters, steps and Metaflow's attributes. */
export function alwaysThere(flow: Flow): (name: string) => boolean {
  const names = new Set<string>(FLOWSPEC_ATTRIBUTES);
  for (const { name } of flow.parameters) names.add(name.value);
  for (const { name } of allSteps(flow)) if (name) names.add(name.value);
  return (name) => name.startsWith('_') || names.has(name);
}
