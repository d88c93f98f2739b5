import type { Loop } from '../model/flow.ts';
import { LOOP_PAUSE_MAX_MS, walk, walkSteps } from '../model/flow.ts';
import type { CodeFacts, PythonFacts } from '../python/facts.ts';
import { expressionOf } from '../python/inspection.ts';
import type { ArtifactFlow } from './artifact-flow.ts';
import type { Setter } from './artifact-state.ts';
import type { Check } from './context.ts';

/** A loop must not pause longer than a session can. */
export const checkLoopPauses: Check = ({ flow, report }) => {
  for (const loop of walk(flow.steps)) {
    if (loop.kind !== 'while' && loop.kind !== 'until') continue;
    if (loop.pauseMs && loop.pauseMs.value > LOOP_PAUSE_MAX_MS) {
      const hint = 'write at most 1h, or use a schedule';
      report.error('bad-loop-pause', loop.pauseMs.span, 'a pause between turns must not exceed one hour', hint);
    }
  }
};

/** Checks that a loop ends and takes at least one turn. */
export const checkLoops: Check = ({ flow, report, facts, artifacts }) => {
  if (!facts) return;
  const parameters = new Set(flow.parameters.map(({ name }) => name.value));
  let setters: Map<string, Setter> | undefined;
  for (const loop of walk(flow.steps)) {
    if (loop.kind !== 'while' && loop.kind !== 'until') continue;
    const condition = facts.expressions.get(loop.condition);
    if (!condition || condition.problem) continue;
    const { kind } = loop;
    const span = loop.condition.span;
    if (condition.constant) {
      const goesOn = condition.constant.truth === (kind === 'while');
      if (goesOn && !loop.max) {
        const message = `this loop cannot end: its condition is always ${condition.constant.truth}`;
        report.error(
          'endless-loop',
          span,
          message,
          'use a condition that depends on self, or limit the turns with max',
        );
      } else if (!goesOn && kind === 'while') {
        report.warning('useless-loop', span, 'these steps never run: the condition is never true', 'remove the loop');
      } else if (!goesOn) {
        const message = 'these steps run only once: the condition is always true';
        report.warning('useless-loop', span, message, 'move the steps out of the loop');
      }
    } else if (artifacts && !loop.max && !condition.any && !condition.calls && condition.mentions.length > 0) {
      // Artifacts that nothing sets are reported elsewhere.
      setters ??= artifacts.setters();
      const isSet = (name: string) => parameters.has(name) || setters?.has(name);
      if (!condition.mentions.every(isSet)) continue;
      const changed = changedBy(loop, artifacts, facts);
      if (changed === 'anything' || condition.mentions.some((name) => changed.has(name))) continue;
      const names = condition.mentions.map((name) => `self.${name}`).join(' and ');
      const message = `this loop never ends once it has started: none of its steps sets ${names}`;
      report.warning('endless-loop', span, message, 'set it in the loop, or limit the turns with max');
    }
  }
};

/** Artifacts that might differ after a turn. */
function changedBy(loop: Loop, artifacts: ArtifactFlow, facts: PythonFacts): ReadonlySet<string> | 'anything' {
  const changed = new Set<string>();
  for (const step of walkSteps(loop.steps)) {
    const { sets, any } = artifacts.stepEffect(step);
    if (any) return 'anything';
    for (const name of sets.keys()) changed.add(name);
    const { body } = step;
    if (body?.kind === 'run') note(facts.bodies.get(body));
    const called = body?.kind === 'call' ? facts.functionOf(body) : undefined;
    for (const name of [...(called?.required ?? []), ...(called?.optional ?? [])]) changed.add(name);
    if (step.kind === 'join') for (const { value } of step.collect) changed.add(value);
  }
  for (const element of walk(loop.steps)) {
    const code = expressionOf(element);
    if (code) note(facts.expressions.get(code));
    if (element.kind === 'foreach' && element.as) changed.add(element.as.value);
  }
  return changed;

  function note(found: CodeFacts | undefined): void {
    for (const name of found?.touched ?? []) changed.add(name);
  }
}
