import type { Diagnostics } from '../diagnostics/report.ts';
import type { Code, Element, Flow, Join, Parameter, RunBody, Span, Step } from '../model/flow.ts';
import { allElements, allSteps } from '../model/flow.ts';
import { isWellFormed, modulePath, topModules } from './call-target.ts';
import type { CodeFacts, CodePlace, ModuleFacts, PatternFacts, PythonFacts } from './facts.ts';
import type { Inspector } from './inspector.ts';
import { functionBody, INDENT, linesInsideStrings } from './python-text.ts';

const NOTHING: Omit<CodeFacts, 'spanOf'> = {
  sets: [],
  reads: [],
  mentions: [],
  touched: [],
  names: [],
  inputs: [],
  merges: [],
  any: false,
  next: null,
  stops: null,
  calls: false,
  boolean: false,
};

const NO_FACTS: PythonFacts = {
  bodies: new Map(),
  expressions: new Map(),
  modules: new Map(),
  patterns: new Map(),
  standard: new Set(),
  functionOf: () => undefined,
};

/** The input of {@link inspectPython}: a flow and where it reports problems. */
export interface InspectionInput {
  flow: Flow;
  report: Diagnostics;
  /** The files named under `code`: path relative to the flow's folder, with `/` → content. */
  code: ReadonlyMap<string, Uint8Array>;
  inspector: Inspector;
}

/**
 * Inspects the Python of a flow without running it. The report says if Python does not start.
 *
 * @returns undefined if no Python is available
 */
export async function inspectPython({
  flow,
  report,
  code,
  inspector,
}: InspectionInput): Promise<PythonFacts | undefined> {
  const steps = [...allSteps(flow)];
  const runs = steps.flatMap((step) => (hasCode(step) ? [{ run: step.body, isJoin: step.kind === 'join' }] : []));
  const expressions = [...expressionsOf(flow)];
  const patterned = flow.parameters.flatMap((parameter) =>
    parameter.pattern ? [{ parameter, pattern: parameter.pattern }] : [],
  );
  const wanted = new Map<string, Set<string>>();
  let firstSpan = runs[0]?.run.span ?? expressions[0]?.span ?? patterned[0]?.pattern.span;
  for (const { body } of steps) {
    if (body?.kind !== 'call' || !isWellFormed(body)) continue;
    const path = modulePath(body.module, code);
    if (path === undefined) continue;
    firstSpan ??= body.span;
    wanted.set(path, (wanted.get(path) ?? new Set()).add(body.function));
  }
  const names = topModules(code.keys());
  if (names.length > 0) firstSpan ??= flow.code[0]?.span;
  if (!firstSpan) return NO_FACTS;
  const answer = await inspector.inspect({
    bodies: runs.map(({ run, isJoin }) => [isJoin ? JOIN_SIGNATURE : SIGNATURE, ...functionBody(run.text)].join('\n')),
    expressions: expressions.map(({ text }) => text),
    modules: [...wanted].map(([path, names]) => [
      Buffer.from(code.get(path) as Uint8Array).toString('utf8'),
      [...names],
    ]),
    patterns: patterned.map(({ parameter, pattern }) => [pattern.value, textsOf(parameter)]),
    names,
  });
  if (!answer) {
    const hint = 'install Python 3.11 to check the code before it runs';
    report.warning(
      'no-python',
      firstSpan,
      `the Python code of this flow was not checked: ${inspector.python} does not start`,
      hint,
    );
    return undefined;
  }
  const factsOf = (found: Partial<CodeFacts> | undefined, own: Code, indent: number): CodeFacts => {
    let spanOf: CodeFacts['spanOf'] | undefined;
    return {
      ...NOTHING,
      ...found,
      spanOf: (place) => {
        spanOf ??= spans(own, indent);
        return spanOf(place);
      },
    };
  };
  const modules = new Map([...wanted.keys()].map((path, index) => [path, answer.modules[index] as ModuleFacts]));
  return {
    bodies: new Map(runs.map(({ run }, index) => [run, factsOf(answer.bodies[index], run, INDENT.length)])),
    expressions: new Map(expressions.map((own, index) => [own, factsOf(answer.expressions[index], own, 0)])),
    modules,
    patterns: new Map(patterned.map(({ parameter }, index) => [parameter, answer.patterns[index] as PatternFacts])),
    standard: new Set(answer.standard),
    functionOf: (call) => {
      const path = modulePath(call.module, code);
      const { functions } = (path !== undefined && modules.get(path)) || {};
      return functions && Object.hasOwn(functions, call.function) ? functions[call.function] : undefined;
    },
  };
}

/** The one line above a body. */
const SIGNATURE = 'def run(self):';
const JOIN_SIGNATURE = 'def run(self, inputs):';

function hasCode(step: Step | Join): step is (Step | Join) & { body: RunBody } {
  return step.body?.kind === 'run' && step.body.text.trim() !== '';
}

/** The texts that a parameter's pattern must match: its default and its choices. */
function textsOf({ default: fallback, enum: choices }: Parameter): string[] {
  const values = [fallback?.value, ...(choices?.value ?? []).map(({ value }) => value)];
  return values.filter((value) => typeof value === 'string');
}

/** All Python expressions of a flow. */
function* expressionsOf(flow: Flow): Generator<Code> {
  for (const element of allElements(flow)) {
    const code = expressionOf(element);
    if (code && code.text.trim() !== '') yield code;
  }
}

/** The Python expression at the head of an element. */
export function expressionOf(element: Element): Code | undefined {
  if (element.kind === 'while' || element.kind === 'until') return element.condition;
  if (element.kind === 'foreach') return element.over.kind === 'expression' ? element.over.code : undefined;
  if (element.kind === 'switch') return element.on.kind === 'expression' ? element.on.code : undefined;
  return undefined;
}

/** Maps places in code that was indented under one line back to spans of the flow file. */
function spans(code: Code, indented: number): (place: CodePlace) => Span {
  const lines = code.text.split('\n');
  const starts: number[] = [];
  for (let at = 0, line = 0; line < lines.length; line++) {
    starts.push(at);
    at += (lines[line] as string).length + 1;
  }
  const inside = linesInsideStrings(code.text);
  const last = code.text.trimEnd().length;

  function offset(line: number, column: number): number {
    const index = line - 2;
    const own = lines[index];
    if (own === undefined) return last;
    const indent = inside.has(index) || own.trim() === '' ? 0 : indented;
    const characters = [...own].slice(0, Math.max(0, column - 1 - indent)).join('').length;
    // Leading white space has no position of its own in the flow file.
    return Math.min((starts[index] as number) + Math.max(characters, own.search(/\S|$/)), last);
  }

  return ([line, column, endLine, endColumn]) => {
    const from = offset(line, column);
    const to = endLine && endColumn ? offset(endLine, endColumn) : from;
    const start = code.offsetAt(from);
    const end = to > from ? code.offsetAt(to - 1) + 1 : start + 1;
    return [start, end];
  };
}
