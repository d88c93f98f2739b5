import type { CallBody, RunBody, Span } from '../model/flow.ts';
import { allSteps } from '../model/flow.ts';
import { FLOWSPEC_ATTRIBUTES } from '../model/names.ts';
import { functionBody, INDENT, linesInsideStrings } from '../syntax/python-text.ts';
import type { Report } from '../syntax/report.ts';
import { didYouMean } from '../syntax/suggest.ts';
import { isWellFormed, modulePath } from './call-targets.ts';
import type { CheckContext } from './context.ts';
import type { InspectedBody, InspectedModule, Place } from './inspector.ts';

/** Lets Python look at the Python of a flow: its syntax, what it sets, and whether the functions that are called exist. */
export async function checkPython({ flow, report, code, inspector }: CheckContext): Promise<void> {
  const steps = [...allSteps(flow)];
  const runs = steps.flatMap(({ body }) => (body?.kind === 'run' && body.text.trim() !== '' ? [body] : []));
  const calls = steps.flatMap(({ body }) => (body?.kind === 'call' && isWellFormed(body) ? [body] : []));
  const paths = [...new Set(calls.flatMap(({ module }) => modulePath(module, code) ?? []))];
  const first = runs[0] ?? calls[0];
  if (!first) return;
  const inspection = await inspector.inspect({
    bodies: runs.map((run) => [SIGNATURE, ...functionBody(run.text)].join('\n')),
    modules: paths.map((path) => Buffer.from(code.get(path) as Uint8Array).toString('utf8')),
  });
  if (!inspection) {
    const hint = 'install Python 3.11 to have it checked before it runs';
    report.warning(
      'no-python',
      first.span,
      `the flow's Python is not checked: ${inspector.python} does not start`,
      hint,
    );
    return;
  }
  const taken = new Map<string, string>(steps.flatMap(({ name }) => (name ? [[name.value, 'a step']] : [])));
  for (const { name } of flow.parameters) taken.set(name.value, 'a parameter');
  for (const [index, run] of runs.entries()) reportBody(run, inspection.bodies[index] as InspectedBody, taken, report);
  const modules = new Map(paths.map((path, index) => [path, inspection.modules[index] as InspectedModule]));
  for (const call of calls) {
    const path = modulePath(call.module, code);
    if (path !== undefined) reportCall(call, path, modules.get(path) as InspectedModule, report);
  }
}

/** What a body is put below, one line. */
const SIGNATURE = 'def run(self, inputs):';

function reportBody(run: RunBody, body: InspectedBody, taken: ReadonlyMap<string, string>, report: Report): void {
  const spanOf = spans(run);
  if (body.problem) {
    // Its lines are those of the function that the text was put into.
    const message = body.problem.message.replace(/ \(detected at line \d+\)| on line \d+/, '');
    report.error('python-syntax', spanOf(body.problem), `Python does not understand this: ${message}`);
    return;
  }
  for (const { name, ...place } of body.sets) {
    const owner = FLOWSPEC_ATTRIBUTES.has(name) ? 'an attribute of every Metaflow flow' : taken.get(name);
    if (owner)
      report.error(
        'name-taken',
        spanOf(place),
        `"${name}" is ${owner}, so no artifact can have its name`,
        'choose another name',
      );
  }
  if (body.next) {
    const hint = 'remove the call: the order of the steps in the file is the order in which they run';
    report.error('next-in-run', spanOf(body.next), 'a step does not say what comes next', hint);
  }
  if (body.yield) {
    report.error(
      'yield-in-run',
      spanOf(body.yield),
      'a step cannot yield or await: none of its code would run',
      'put it into a function',
    );
  }
}

function reportCall(call: CallBody, path: string, module: InspectedModule, report: Report): void {
  if (module.problem) {
    const { line, message } = module.problem;
    report.error('python-syntax', call.span, `Python does not understand ${path}, line ${line}: ${message}`);
  } else if (!module.any && !module.names.includes(call.function)) {
    const hint = didYouMean(call.function, module.names) ?? `define it in ${path}`;
    report.error('no-such-function', call.span, `there is no function "${call.function}" in ${path}`, hint);
  }
}

/** From places in the function that a body was put into, to spans of the flow file. */
function spans(run: RunBody): (place: Place) => Span {
  const lines = run.text.split('\n');
  const starts: number[] = [];
  for (let at = 0, line = 0; line < lines.length; line++) {
    starts.push(at);
    at += (lines[line] as string).length + 1;
  }
  const inside = linesInsideStrings(run.text);
  const last = run.text.trimEnd().length;

  function offset(line: number, column: number): number {
    const index = line - 2;
    const own = lines[index];
    if (own === undefined) return last;
    const indent = inside.has(index) || own.trim() === '' ? 0 : INDENT.length;
    const characters = [...own].slice(0, Math.max(0, column - 1 - indent)).join('').length;
    // The white space that a line starts with has no place of its own in the flow file.
    return Math.min((starts[index] as number) + Math.max(characters, own.search(/\S|$/)), last);
  }

  return ({ line, column, endLine, endColumn }) => {
    const from = offset(line, column);
    const to = endLine && endColumn ? offset(endLine, endColumn) : from;
    const start = run.offsetAt(from);
    const end = to > from ? run.offsetAt(to - 1) + 1 : start + 1;
    return [start, end];
  };
}
