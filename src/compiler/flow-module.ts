import type { SourceRange } from '../contract/plan.ts';
import { METAFLOW_RETRY_TIMES_MAX } from '../contract/protocol.generated.ts';
import type { SourceFile } from '../language/diagnostics/source-file.ts';
import type { CallBody, Code, Flow } from '../language/model/flow.ts';
import { functionBody, INDENT, pythonString } from '../language/python/python-text.ts';
import type { Decision, Graph, GraphStep, Items } from './flow-graph.ts';
import { DONE, NONE, SOME, TURN } from './flow-graph.ts';
import { helpers } from './flow-helpers.generated.ts';
import { parameterLine } from './flow-parameters.ts';
import { argumentsOf, pythonLiteral } from './python-values.ts';

/** Code shared by the steps of `flow.py`, which imports nothing from nuvopipe: a file of `runtime/flow_helpers`. */
interface Helper {
  /** Imports from Python's standard library. */
  imports: string[];
  code: string;
}

export interface FlowModule {
  /** `flow.py`: a valid Metaflow program on its own. */
  code: string;
  /** As in the plan: the source of its function bodies. */
  sourceMap: Record<string, SourceRange>;
  /** The code that a step executes: its method and the functions it uses. */
  textOf(step: string): string;
}

/** Metaflow walks the graph recursively, one level per step; Python's default limit is a thousand. */
const RECURSION_FREE_STEPS_MAX = 400;
const RECURSION_LEVELS_PER_STEP = 4;
const RECURSION_LEVELS_DEFAULT = 1000;

/** Writes a flow as a Metaflow program. Bodies are separate functions, so that `return` only ends the step. */
export function writeFlowModule(flow: Flow, graph: Graph, source: SourceFile): FlowModule {
  const writer = new Writer(flow, graph, source);
  return { code: writer.write(), sourceMap: writer.sourceMap, textOf: (step) => writer.textOf(step) };
}

class Writer {
  readonly #flow: Flow;
  readonly #graph: Graph;
  readonly #source: SourceFile;
  readonly #lines: string[] = [];
  readonly #modules: Map<string, string>;
  /** Steps of the graph and `onFailure` steps. */
  readonly #all: GraphStep[];
  readonly #functions: Map<string, FlowFunction>;
  /** As written, by name. */
  readonly #texts = { methods: new Map<string, string>(), functions: new Map<string, string>() };
  readonly sourceMap: Record<string, SourceRange> = {};

  constructor(flow: Flow, graph: Graph, source: SourceFile) {
    this.#flow = flow;
    this.#graph = graph;
    this.#source = source;
    this.#all = [...graph.steps, ...graph.onFailure];
    this.#functions = functionsOf(this.#all, graph);
    const modules = new Set(this.#all.flatMap(({ body }) => (body?.kind === 'call' ? [body.module] : [])));
    this.#modules = moduleAliases([...modules].toSorted(), [...this.#functions.keys()]);
  }

  write(): string {
    const baseName = this.#source.name.split(/[\\/]/).at(-1) as string;
    this.#print(`# Made by nuvopipe from ${baseName.replace(/[\r\n]/g, ' ')}. It runs by itself: python flow.py run`);
    this.#imports();
    for (const [name, definition] of this.#functions) this.#function(name, definition);
    this.#class();
    this.#print('', '', 'if __name__ == "__main__":', `${INDENT}${this.#flow.name.value}()`);
    return `${this.#lines.join('\n')}\n`;
  }

  #helpers(): Helper[] {
    const pools = [...this.#graph.pools.values()];
    const bodies = this.#all.flatMap(({ body }) => body ?? []);
    const has = (kind: string) => bodies.some((body) => body.kind === kind);
    const givesReferences = bodies.some((body) => 'with' in body && body.with.references.length > 0);
    const joins = pools.length > 0;
    const candidates: [Helper, boolean][] = [
      [helpers.why_missing, joins || has('call') || givesReferences],
      [helpers.items, pools.some((pool) => pool.kind === 'foreach')],
      [helpers.make_items, this.#all.some((step) => step.makes?.from.kind === 'expression')],
      [helpers.keep, joins],
      [helpers.merge, this.#all.some((step) => step.joins !== undefined && !step.body && !step.collect)],
      [helpers.collect, this.#all.some((step) => step.collect !== undefined)],
      [helpers.failures, pools.some((pool) => pool.collectsFailures)],
      [helpers.pick, this.#all.some((step) => step.decision?.test.kind === 'switch')],
      [helpers.pause, [...this.#graph.loops.values()].some((loop) => loop.pauseMs !== undefined)],
      [helpers.turn, [...this.#graph.loops.values()].some((loop) => loop.max !== undefined)],
      [helpers.set_artifacts, has('call') || has('flow')],
      [helpers.call, has('call')],
      [helpers.interpolate, givesReferences],
      [helpers.invoke, has('action')],
      [helpers.start_flow, has('flow')],
      [helpers.beside, this.#flow.parameters.some(({ type, default: path }) => type === 'file' && path)],
    ];
    return candidates.filter(([, isUsed]) => isUsed).map(([helper]) => helper);
  }

  #imports(): void {
    const used = this.#helpers();
    const all = new Set(used.flatMap(({ imports }) => imports));
    const deep = this.#graph.steps.length > RECURSION_FREE_STEPS_MAX;
    if (deep) all.add('import sys');
    const own = [...all].toSorted(byImportKind);
    if (own.length > 0) this.#print('', ...own);
    this.#print('', 'import metaflow');
    if (this.#graph.pools.size > 0) this.#print('from metaflow.flowspec import INTERNAL_ARTIFACTS_SET');
    if (this.#modules.size > 0) this.#print('');
    for (const [module, alias] of this.#modules) this.#print(`import ${module} as ${alias}`);
    if (deep) {
      const levels = RECURSION_LEVELS_DEFAULT + this.#graph.steps.length * RECURSION_LEVELS_PER_STEP;
      this.#print('', '# Metaflow walks the graph by recursion, a level a step.', `sys.setrecursionlimit(${levels})`);
    }
    if (this.#graph.pools.size > 0) this.#print('', this.#hidden());
    for (const { code } of used) {
      this.#print('', '', ...code.trimEnd().split('\n'));
      for (const [, name = ''] of code.matchAll(/^def (\w+)/gm)) this.#texts.functions.set(name, code);
    }
  }

  textOf(step: string): string {
    const { methods, functions } = this.#texts;
    const texts = new Set([methods.get(step) ?? '']);
    for (const text of texts) {
      for (const [word] of text.matchAll(/\w+/g)) {
        const used = functions.get(word);
        if (used !== undefined) texts.add(used);
      }
    }
    return [...texts].join('\n');
  }

  /** A piece of the flow file as a function, with the position of its text. */
  #function(name: string, definition: FlowFunction): void {
    this.#print('', '');
    const start = this.#lines.length;
    this.#printFunction(name, definition);
    this.#texts.functions.set(name, this.#lines.slice(start).join('\n'));
  }

  #printFunction(name: string, { parameters, code, isExpression, first, returns }: FlowFunction): void {
    this.#print(`def ${name}(${parameters}):`);
    if (first !== undefined) this.#print(`${INDENT}${first}`);
    if (returns !== undefined) this.#print(`${INDENT}return ${returns}`);
    if (!code) return;
    // In parentheses, an expression can span lines.
    if (isExpression) this.#print(`${INDENT}return (`);
    const line = this.#lines.length + 1;
    const printed = functionBody(code.text);
    this.#print(...printed);
    if (isExpression) this.#print(`${INDENT})`);
    const sourceLines = sourceLinesOf(code.text, (index) => this.#source.position(code.offsetAt(index)).line);
    const sourceLine = sourceLines[0] as number;
    const straight = sourceLines.every((at, index) => at === sourceLine + index);
    this.sourceMap[name] = { line, sourceLine, lines: printed.length, ...(!straight && { sourceLines }) };
  }

  #class(): void {
    this.#print('', '', `class ${this.#flow.name.value}(metaflow.FlowSpec):`);
    if (this.#flow.description) this.#print(`${INDENT}${pythonString(this.#flow.description)}`, '');
    for (const parameter of this.#flow.parameters) this.#print(INDENT + parameterLine(parameter));
    if (this.#flow.parameters.length > 0) this.#print('');
    if (this.#graph.steps.some((step) => step.decision)) {
      this.#print(`${INDENT}_EPHEMERAL = metaflow.FlowSpec._EPHEMERAL | {"_case"}`, '');
    }
    this.#graph.steps.forEach((step, index) => {
      if (index > 0) this.#print('');
      this.#step(step);
    });
    for (const handler of this.#graph.onFailure) {
      this.#print('', `${INDENT}# Follows a failure. No step for Metaflow, which has nothing of this kind.`);
      this.#method(handler);
    }
    const pools = [...this.#graph.pools.values()];
    if (pools.some(({ kind }) => kind === 'foreach')) this.#print('', ...indented(helpers.items.methods));
    if (pools.length > 0) this.#print('', ...indented(helpers.joining.methods));
  }

  /** Artifacts reserved for the compiler and Metaflow, which joins never keep. */
  #hidden(): string {
    const names = [
      ...([...this.#graph.loops.values()].some((loop) => loop.max !== undefined) ? ['_turns'] : []),
      ...(this.#graph.steps.some((step) => step.catch !== undefined) ? ['_catch_exception'] : []),
      ...this.#graph.steps.flatMap((step) => step.makes?.artifact ?? []),
    ];
    return `_HIDDEN = {${['*INTERNAL_ARTIFACTS_SET', ...names.map(pythonString)].join(', ')}}`;
  }

  #step(step: GraphStep): void {
    const { name, settings, retry, catch: caught } = step;
    const { memoryMB, timeoutMs } = settings.resources;
    const ends = [name === this.#graph.start && 'start', name === this.#graph.end && 'end'].filter(
      (end) => end && end !== name,
    );
    const marks = ends.map((end) => `${end}=True`).join(', ');
    const decorators = [
      ...(retry
        ? [
            `retry(times=${Math.min(retry.times, METAFLOW_RETRY_TIMES_MAX)}, minutes_between_retries=${Math.round(retry.backoffMs / 60_000)})`,
          ]
        : []),
      ...(caught === undefined ? [] : [`catch(var=${pythonString(caught)})`]),
      ...environmentDecorator(step),
      `resources(memory=${memoryMB})`,
      `timeout(seconds=${Math.ceil(timeoutMs / 1000)})`,
      `step${marks && `(${marks})`}`,
    ];
    for (const decorator of decorators) this.#print(`${INDENT}@metaflow.${decorator}`);
    this.#method(step);
  }

  #method(step: GraphStep): void {
    const { name, joins, bind, empties = [], makes, decision, next } = step;
    const statements: string[] = [];
    if (bind !== undefined) statements.push(`self.${bind} = self.input`);
    statements.push(...this.#join(step), ...this.#body(step));
    for (const artifact of empties) statements.push(`self.${artifact} = []`);
    if (makes) statements.push(makeItems(name, makes));
    const pool = 'open' in next ? this.#graph.pools.get(next.open) : undefined;
    if (pool?.over !== undefined) statements.push(`_check_items(self, "${name}", ${pythonString(pool.over)})`);
    if (decision) statements.push(`self._case = ${this.#decide(name, decision)}`);
    const transition = this.#transition(step);
    if (transition) statements.push(transition);
    if (statements.length === 0) statements.push('pass');
    const lines = [
      `${INDENT}def ${name}(self${joins === undefined ? '' : ', inputs'}):`,
      ...statements.map((statement) => INDENT + INDENT + statement),
    ];
    this.#texts.methods.set(name, lines.join('\n'));
    this.#print(...lines);
  }

  #body({ name, body, joins }: GraphStep): string[] {
    const inputs = joins === undefined ? '' : ', inputs';
    switch (body?.kind) {
      case 'run':
        return [`${bodyName(name)}(self${inputs})`];
      case 'call':
        return [this.#call(name, body, joins !== undefined)];
      case 'action': {
        const invoked = `_invoke("${name}", ${pythonString(body.action.value)}, ${withName(name)}(self))`;
        return [body.result ? `self.${body.result.value} = ${invoked}` : invoked];
      }
      case 'flow': {
        const detach = body.detach ? ', detach=True' : '';
        const started = `_start_flow("${name}", ${pythonString(body.flow.value)}, ${withName(name)}(self)${detach})`;
        if (body.result) return [`self.${body.result.value} = ${started}`];
        return [
          body.detach ? started : `_set_artifacts(self, "${name}", ${pythonString(body.flow.value)}, ${started})`,
        ];
      }
      default:
        return [];
    }
  }

  /** Code that a join runs before its own body. */
  #join({ name, body, joins, collect }: GraphStep): string[] {
    const pool = joins === undefined ? undefined : this.#graph.pools.get(joins);
    if (!pool) return [];
    const merges = !body && !collect;
    const caught = this.#graph.steps.flatMap((step) =>
      step.within.includes(pool.opener) && step.catch !== undefined ? [step.catch] : [],
    );
    const branches = pool.last.map((last, index) => `"${last}": ${pythonString(pool.branches?.[index] ?? '')}`);
    const keywords = [
      ...(merges && caught.length > 0 ? [`caught=${pythonList(caught)}`] : []),
      ...(pool.as === undefined ? [] : [`dropped=${pythonList([pool.as])}`]),
      ...(pool.branches ? [`branches={${branches.join(', ')}}`] : []),
      ...(pool.collectsFailures ? ['failed=[failure["item"] for failure in self.failures]'] : []),
    ];
    return [
      ...(pool.collectsFailures ? ['self.failures = _failures()'] : []),
      `${merges ? '_merge' : '_keep'}(${['self', 'inputs', `"${name}"`, ...keywords].join(', ')})`,
      ...(collect ? [`_collect(self, inputs, "${name}", ${pythonList(collect)})`] : []),
    ];
  }

  /** Python code that computes the label of the next step. */
  #decide(step: string, { test }: Decision): string {
    if (test.kind === 'items') {
      const found = `_check_items(self, "${step}", ${pythonString(test.artifact)}, may_be_empty=True)`;
      return `"${SOME}" if ${found} else "${NONE}"`;
    }
    if (test.kind === 'loop') {
      const loop = this.#graph.loops.get(test.loop);
      const condition = `${loop?.kind === 'until' ? 'not ' : ''}${conditionName(loop?.first as string)}(self)`;
      const plain = `"${TURN}" if ${condition} else "${DONE}"`;
      if (test.entering) return plain;
      const turn =
        loop?.max === undefined ? plain : `_turn(self, ${pythonString(test.loop)}, ${condition}, ${loop.max})`;
      return loop?.pauseMs === undefined ? turn : `_pause(${loop.pauseMs / 1000}, ${turn})`;
    }
    const value = test.on.kind === 'artifact' ? `self.${test.on.name.value}` : `${switchName(step)}(self)`;
    const cases = test.cases.map((one) => `${pythonString(one.label)}: ${pythonLiteral(one.value)}`).join(', ');
    const fallback = test.default === undefined ? '' : `, ${pythonString(test.default)}`;
    return `_pick("${step}", ${value}, {${cases}}${fallback})`;
  }

  #call(step: string, { module, function: name }: CallBody, isJoin: boolean): string {
    const target = `${this.#modules.get(module)}.${name}`;
    return `_call(self, "${step}", ${pythonString(`${module}:${name}`)}, ${target}${isJoin ? ', inputs' : ''})`;
  }

  #transition({ next, decision }: GraphStep): string | undefined {
    if (decision) {
      const { options } = decision;
      // Metaflow requires at least two outcomes per decision.
      if (options.length === 1) return `self.next(self.${options[0]?.to})`;
      const cases = options.map(({ label, to }) => `${pythonString(label)}: self.${to}`).join(', ');
      return `self.next({${cases}}, condition="_case")`;
    }
    if ('step' in next) return `self.next(self.${next.step})`;
    if ('open' in next) {
      const pool = this.#graph.pools.get(next.open);
      const first = pool?.first.map((name) => `self.${name}`).join(', ');
      return `self.next(${first}${pool?.over === undefined ? '' : `, foreach=${pythonString(pool.over)}`})`;
    }
    return 'done' in next ? `self.next(self.${this.#graph.pools.get(next.done)?.join})` : undefined;
  }

  #print(...lines: string[]): void {
    for (const line of lines) this.#lines.push(line);
  }
}

/** A function of the flow module: Python code of the flow file, or a returned expression. */
interface FlowFunction {
  parameters: string;
  code?: Code;
  isExpression?: boolean;
  /** A statement followed by an expression. */
  first?: string;
  returns?: string;
}

function functionsOf(steps: readonly GraphStep[], graph: Graph): Map<string, FlowFunction> {
  const functions = new Map<string, FlowFunction>();
  const conditions = new Map([...graph.loops.values()].map((loop) => [loop.first, loop.condition]));
  for (const { name, body, bind, joins, makes, decision } of steps) {
    const condition = conditions.get(name);
    if (condition) functions.set(conditionName(name), { parameters: 'self', code: condition, isExpression: true });
    if (body?.kind === 'run') {
      functions.set(bodyName(name), { parameters: joins === undefined ? 'self' : 'self, inputs', code: body });
    } else if (body && 'with' in body) {
      // Arguments are computed before the step runs.
      const first = bind === undefined ? {} : { first: `self.${bind} = self.input` };
      functions.set(withName(name), { parameters: 'self', ...first, returns: argumentsOf(name, body.with.value) });
    }
    if (makes?.from.kind === 'expression') {
      functions.set(makes.artifact, { parameters: 'self', code: makes.from.code, isExpression: true });
    }
    if (decision?.test.kind === 'switch' && decision.test.on.kind === 'expression') {
      functions.set(switchName(name), { parameters: 'self', code: decision.test.on.code, isExpression: true });
    }
  }
  return functions;
}

function makeItems(step: string, { artifact, from }: Items): string {
  if (from.kind === 'list') return `self.${artifact} = ${pythonLiteral(from.values)}`;
  return `self.${artifact} = _make_items("${step}", ${artifact}(self))`;
}

function indented(lines: readonly string[]): string[] {
  return lines.map((line) => (line === '' ? '' : INDENT + line));
}

function pythonList(values: readonly string[]): string {
  return `[${values.map(pythonString).join(', ')}]`;
}

function bodyName(step: string): string {
  return `_run_${step}`;
}

function withName(step: string): string {
  return `_with_${step}`;
}

function switchName(step: string): string {
  return `_switch_${step}`;
}

function conditionName(first: string): string {
  return `_while_${first}`;
}

/** Line in the flow file of each line of a text; blank lines belong to the preceding line. */
function sourceLinesOf(text: string, lineAt: (index: number) => number): number[] {
  const lines: (number | undefined)[] = [];
  let start = 0;
  for (const line of text.trimEnd().split('\n')) {
    const indent = line.search(/\S/);
    lines.push(indent === -1 ? undefined : lineAt(start + indent));
    start += line.length + 1;
  }
  const firstSolid = Math.max(
    lines.findIndex((line) => line !== undefined),
    0,
  );
  let previous = (lines[firstSolid] ?? lineAt(0)) - firstSolid - 1;
  return lines.map((line) => {
    previous = line ?? previous + 1;
    return previous;
  });
}

/** `titles` → `_titles`, `shop.titles` → `_shop_titles`: avoids hiding names of Metaflow and other modules. */
function moduleAliases(modules: readonly string[], functions: readonly string[]): Map<string, string> {
  const aliases = new Map<string, string>();
  const taken = new Set(['_HIDDEN', ...Object.values(helpers).flatMap(({ names }) => names), ...functions]);
  for (const module of modules) {
    const wanted = `_${module.replaceAll('.', '_')}`;
    let alias = wanted;
    for (let count = 2; taken.has(alias); count++) alias = `${wanted}_${count}`;
    taken.add(alias);
    aliases.set(module, alias);
  }
  return aliases;
}

/** `import x` before `from x import y`, as in Python's formatters. */
function byImportKind(a: string, b: string): number {
  const kind = (line: string) => (line.startsWith('import') ? 0 : 1);
  return kind(a) - kind(b) || (a < b ? -1 : 1);
}

/** A step's variables, for `python flow.py run`; nuvopipe's runtime sets them itself. */
function environmentDecorator({ settings }: GraphStep): string[] {
  const items = [...settings.environment.vars].map(
    ([name, { value }]) => `${pythonString(name)}: ${pythonString(value)}`,
  );
  return items.length === 0 ? [] : [`environment(vars={${items.join(', ')}})`];
}
