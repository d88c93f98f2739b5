import { allSteps, type Flow, walk, walkSteps } from '../language/model/flow.ts';

/** The steps of a flow that tests can name: those written in the file. */
export interface FlowSteps {
  /** Sorted by position in the file. */
  names: string[];
  /** Steps with one task per item or turn. */
  many: ReadonlySet<string>;
  /** Steps that call an action or a flow. */
  calls: ReadonlySet<string>;
}

export function stepsOf(flow: Flow): FlowSteps {
  const names = [...allSteps(flow)].flatMap((step) => step.name?.value ?? []);
  const many = new Set<string>();
  for (const element of walk(flow.steps)) {
    if (element.kind !== 'foreach' && element.kind !== 'while' && element.kind !== 'until') continue;
    for (const step of walkSteps(element.steps)) if (step.name) many.add(step.name.value);
  }
  const calls = new Set(
    [...allSteps(flow)].flatMap(({ name, body }) =>
      name && (body?.kind === 'action' || body?.kind === 'flow') ? [name.value] : [],
    ),
  );
  return { names, many, calls };
}
