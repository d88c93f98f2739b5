import { didYouMean, suggest } from '../../base/suggest.ts';
import { FLOWSPEC_ATTRIBUTES } from '../../contract/protocol.generated.ts';
import type { CallBody, Flow, Join, Step } from '../model/flow.ts';
import { allElements, allSteps } from '../model/flow.ts';
import { isWellFormed, modulePath } from '../python/call-target.ts';
import type { CodeFacts, ModuleFacts, PythonFacts } from '../python/facts.ts';
import { expressionOf } from '../python/inspection.ts';
import type { Check, CheckContext } from './context.ts';

/**
 * Attributes that the runtime keeps on `self`: Metaflow's (2.19.39, `flowspec.py`, `task.py`) and those that
 * `flow.py` hides.
 */
const HIDDEN_ATTRIBUTES = new RegExp(
  `^_(?:${[
    ...[
      'cached_input',
      'case',
      'control_mapper_tasks',
      'control_task_is_mapper_zero',
      'current_step',
      'datastore',
      'exception',
    ],
    ...['flow_state', 'foreach_\\w+', 'graph', 'is_cloned', 'items_\\w+', 'parallel_ubf_iter', 'run_\\w+', 'steps'],
    ...['success', 'task_ok', 'transition', 'turns', 'unbounded_foreach'],
  ].join('|')})$`,
);

/** Maximum number of names for which a suggestion is searched, because that takes time. */
const SUGGESTIONS_MAX = 1_000;

/** `a, b, c`, which is probably meant as a YAML list. */
const BARE_LIST = /^\w+(\s*,\s*\w+)+$/;

/** Modules that are usually imported under another name. */
const USUAL_IMPORTS: Record<string, string> = {
  np: 'import numpy as np',
  numpy: 'import numpy',
  pandas: 'import pandas',
  pd: 'import pandas as pd',
  plt: 'import matplotlib.pyplot as plt',
};

/** Checks the Python of `run`: its syntax and forbidden constructs. */
export const checkRuns: Check = ({ flow, report, facts }) => {
  const taken = namesTaken(flow);
  const known = namesKnown(flow, facts);
  for (const step of allSteps(flow)) {
    if (step.body?.kind !== 'run') continue;
    const found = facts?.bodies.get(step.body);
    if (!found || reportProblem(found, report)) continue;
    const { spanOf, sets, next, stops } = found;
    for (const { name, at } of sets) {
      const owner = taken(name);
      if (!owner) continue;
      report.error(
        'name-taken',
        spanOf(at),
        `"${name}" is ${owner} and cannot be an artifact name`,
        'choose another name',
      );
    }
    if (next) {
      const hint = 'remove the call: steps run in the order of the file';
      report.error('next-in-run', spanOf(next), 'a step must not call self.next', hint);
    }
    if (stops) {
      const message = 'a step cannot use yield or await at the top level: none of its code would run';
      report.error('yield-in-run', spanOf(stops), message, 'move it into a function');
    }
    reportMerges(step, found, report);
    reportNames(found, step, known, report);
  }
};

/** `foreach`, `switch`, `while` and `until` take one Python expression. */
export const checkExpressions: Check = ({ flow, report, facts }) => {
  const known = namesKnown(flow, facts);
  for (const element of allElements(flow)) {
    const code = expressionOf(element);
    if (!code) continue;
    if (code.text.trim() === '') {
      const isLoop = element.kind === 'while' || element.kind === 'until';
      const hint = `write ${isLoop ? '' : 'the name of an artifact, or '}a Python expression over self`;
      report.error('empty-expression', code.span, `"${element.kind}" is empty`, hint);
      continue;
    }
    const found = facts?.expressions.get(code);
    if (!found || reportProblem(found, report)) continue;
    if (element.kind === 'foreach' && BARE_LIST.test(code.text) && found.names.length > 0) {
      report.error('unknown-name', code.span, `unknown name "${found.names[0]?.name}"`, `write a list: [${code.text}]`);
    } else reportNames(found, element, known, report);
  }
};

/** Checks that called functions exist and have suitable arguments and results. */
export const checkCalls: Check = ({ flow, report, code, facts }) => {
  for (const { body } of allSteps(flow)) {
    if (body?.kind !== 'call' || !isWellFormed(body)) continue;
    const path = modulePath(body.module, code);
    const module = path === undefined ? undefined : facts?.modules.get(path);
    if (path !== undefined && module) reportCall(body, path, module, report);
    if (facts?.functionOf(body)?.nothing) {
      const message = `${body.function} returns nothing; a called function must return a dict, whose items become artifacts`;
      report.error('returns-nothing', body.span, message, `end it with "return {}", if there is nothing to return`);
    }
  }
};

type Report = CheckContext['report'];

/** @returns whether the code is not valid Python */
function reportProblem({ problem, spanOf }: CodeFacts, report: Report): boolean {
  if (!problem) return false;
  // Its lines are those of the function that contains the text.
  const message = problem.message.replace(/ \(detected at line \d+\)| on line \d+/, '');
  report.error('python-syntax', spanOf(problem.at), `Python does not understand this: ${message}`);
  return true;
}

function reportMerges(step: Step | Join, { merges, spanOf }: CodeFacts, report: Report): void {
  if (step.kind === 'join') return;
  for (const { at } of merges) {
    const hint = 'a step already has the artifacts of the preceding step: remove the call';
    report.error('merge-outside-join', spanOf(at), 'only a join can merge artifacts', hint);
  }
}

/** Undefined names, each of which would be a NameError when reached. */
function reportNames(
  { names, spanOf }: CodeFacts,
  owner: { kind: string },
  known: ReturnType<typeof namesKnown>,
  report: Report,
): void {
  const reported = new Set<string>();
  for (const { name, at, library } of names) {
    if ((name === 'inputs' && owner.kind === 'join') || reported.has(name)) continue;
    reported.add(name);
    const [message, hint] = unknownName(name, owner, library ?? false, known);
    report.error('unknown-name', spanOf(at), message, hint);
  }
}

function unknownName(
  name: string,
  owner: { kind: string },
  isLibrary: boolean,
  known: ReturnType<typeof namesKnown>,
): [message: string, hint: string] {
  if (name === 'inputs') {
    return ['"inputs" exists only in a join', 'read artifacts of the preceding step from self: self.name'];
  }
  const message = `unknown name "${name}"`;
  const isStep = owner.kind === 'step' || owner.kind === 'join';
  const usual = Object.hasOwn(USUAL_IMPORTS, name) ? USUAL_IMPORTS[name] : isLibrary ? `import ${name}` : undefined;
  if (known().has(name)) return [message, `read artifacts and parameters from self: did you mean self.${name}?`];
  if (usual !== undefined) {
    return [
      message,
      isStep ? `add "${usual}" to the code of the step` : 'import it in an earlier step and compute the value there',
    ];
  }
  const near = suggest(name, ['self', 'True', 'False', 'None', ...(owner.kind === 'join' ? ['inputs'] : [])]);
  if (near !== undefined) return [message, `did you mean "${near}"?`];
  const artifact = known().size <= SUGGESTIONS_MAX ? suggest(name, known()) : undefined;
  if (artifact !== undefined) return [message, `did you mean self.${artifact}?`];
  return [message, 'define or import it in the step; read artifacts and parameters from self'];
}

function reportCall(call: CallBody, path: string, module: ModuleFacts, report: Report): void {
  if (module.problem) {
    const { message, at } = module.problem;
    report.error('python-syntax', call.span, `Python does not understand ${path}, line ${at[0]}: ${message}`);
  } else if (!module.any && !module.names.includes(call.function)) {
    const hint = didYouMean(call.function, module.names) ?? `define it in ${path}`;
    report.error('no-such-function', call.span, `${path} has no function "${call.function}"`, hint);
  }
}

/** Describes who owns a name that cannot be an artifact. */
function namesTaken(flow: Flow): (name: string) => string | undefined {
  const taken = new Map<string, string>();
  for (const { name } of allSteps(flow)) if (name) taken.set(name.value, 'a step');
  for (const { name } of flow.parameters) taken.set(name.value, 'a parameter');
  return (name) => {
    if (FLOWSPEC_ATTRIBUTES.has(name)) return 'an attribute of every Metaflow flow';
    return HIDDEN_ATTRIBUTES.test(name) ? 'reserved for the runtime' : taken.get(name);
  };
}

/** Names that a flow sets on `self` anywhere. */
function namesKnown(flow: Flow, facts: PythonFacts | undefined): () => ReadonlySet<string> {
  let known: Set<string> | undefined;
  return () => {
    if (known) return known;
    known = new Set(flow.parameters.map(({ name }) => name.value));
    for (const output of flow.outputs) known.add(output.value);
    for (const element of allElements(flow)) {
      if (element.kind === 'foreach' && element.as) known.add(element.as.value);
    }
    for (const { sets } of facts?.bodies.values() ?? []) for (const { name } of sets) known.add(name);
    return known;
  };
}
