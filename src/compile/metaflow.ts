import type { CallBody, Flow, Parameter } from '../model/flow.ts';
import type { SourceRange } from '../model/plan.ts';
import { functionBody, INDENT, pythonString } from '../syntax/python-text.ts';
import type { SourceFile } from '../syntax/source-file.ts';
import type { Helper } from './flow-helpers.ts';
import { CALL, CHECK_ITEMS, MERGE } from './flow-helpers.ts';
import type { Graph, GraphStep } from './graph.ts';

export interface FlowModule {
  /** `flow.py`: valid for stock Metaflow, by itself. */
  code: string;
  /** As in the plan: where the bodies of its functions come from. */
  sourceMap: Record<string, SourceRange>;
}

/** Metaflow walks a flow's graph by recursion, a level a step; Python allows a thousand by default. */
const RECURSION_FREE_STEPS_MAX = 400;
const RECURSION_LEVELS_PER_STEP = 4;
const RECURSION_LEVELS_DEFAULT = 1000;

const PYTHON_TYPES: Record<Parameter['type'], string> = {
  string: 'str',
  integer: 'int',
  number: 'float',
  boolean: 'bool',
  json: 'metaflow.JSONType',
};

/** Writes a flow as a Metaflow program. Bodies are functions of their own, so that `return` ends the step and nothing more. */
export function writeFlowModule(flow: Flow, graph: Graph, source: SourceFile): FlowModule {
  const writer = new Writer(flow, graph, source);
  return { code: writer.write(), sourceMap: writer.sourceMap };
}

class Writer {
  readonly #flow: Flow;
  readonly #graph: Graph;
  readonly #source: SourceFile;
  readonly #lines: string[] = [];
  readonly #modules: Map<string, string>;
  readonly sourceMap: Record<string, SourceRange> = {};

  constructor(flow: Flow, graph: Graph, source: SourceFile) {
    this.#flow = flow;
    this.#graph = graph;
    this.#source = source;
    const modules = new Set(graph.steps.flatMap(({ body }) => (body?.kind === 'call' ? [body.module] : [])));
    const functions = graph.steps.map(({ name }) => bodyName(name));
    this.#modules = moduleAliases([...modules].toSorted(), functions);
  }

  write(): string {
    const baseName = this.#source.name.split(/[\\/]/).at(-1) as string;
    this.#print(`# Made by nuvopipe from ${baseName.replace(/[\r\n]/g, ' ')}. It runs by itself: python flow.py run`);
    this.#imports();
    const bodies = this.#graph.steps.filter(({ body }) => body?.kind === 'run');
    for (const step of bodies) this.#body(step);
    this.#class();
    this.#print('', '', 'if __name__ == "__main__":', `${INDENT}${this.#flow.name.value}()`);
    return `${this.#lines.join('\n')}\n`;
  }

  #helpers(): Helper[] {
    const { steps, pools } = this.#graph;
    const helpers: Helper[] = [];
    if ([...pools.values()].some((pool) => pool.kind === 'foreach')) helpers.push(CHECK_ITEMS);
    if (steps.some((step) => step.joins !== undefined && !step.body)) helpers.push(MERGE);
    if (steps.some(({ body }) => body?.kind === 'call')) helpers.push(CALL);
    return helpers;
  }

  #imports(): void {
    const helpers = this.#helpers();
    const all = new Set(helpers.flatMap(({ imports }) => imports));
    const deep = this.#graph.steps.length > RECURSION_FREE_STEPS_MAX;
    if (deep) all.add('import sys');
    const own = [...all].filter((line) => !line.includes('metaflow')).toSorted(byImportKind);
    if (own.length > 0) this.#print('', ...own);
    this.#print('', 'import metaflow', ...[...all].filter((line) => line.includes('metaflow')));
    if (this.#modules.size > 0) this.#print('');
    for (const [module, alias] of this.#modules) this.#print(`import ${module} as ${alias}`);
    if (deep) {
      const levels = RECURSION_LEVELS_DEFAULT + this.#graph.steps.length * RECURSION_LEVELS_PER_STEP;
      this.#print('', '# Metaflow walks the graph by recursion, a level a step.', `sys.setrecursionlimit(${levels})`);
    }
    for (const { code } of helpers) this.#print('', '', ...code.trimEnd().split('\n'));
  }

  /** A `run` as a function, and where its text stands in the flow file. */
  #body({ name, joins, body }: GraphStep): void {
    if (body?.kind !== 'run') return;
    const functionName = bodyName(name);
    this.#print('', '', `def ${functionName}(self${joins === undefined ? '' : ', inputs'}):`);
    const line = this.#lines.length + 1;
    const printed = functionBody(body.text);
    this.#print(...printed);
    const sourceLines = sourceLinesOf(body.text, (index) => this.#source.position(body.offsetAt(index)).line);
    const sourceLine = sourceLines[0] as number;
    const straight = sourceLines.every((at, index) => at === sourceLine + index);
    this.sourceMap[functionName] = { line, sourceLine, lines: printed.length, ...(!straight && { sourceLines }) };
  }

  #class(): void {
    this.#print('', '', `class ${this.#flow.name.value}(metaflow.FlowSpec):`);
    if (this.#flow.description) this.#print(`${INDENT}${pythonString(this.#flow.description)}`, '');
    for (const parameter of this.#flow.parameters) this.#parameter(parameter);
    if (this.#flow.parameters.length > 0) this.#print('');
    this.#graph.steps.forEach((step, index) => {
      if (index > 0) this.#print('');
      this.#step(step);
    });
  }

  #parameter({ name, type, required, default: fallback, help }: Parameter): void {
    const args = [pythonString(name.value), `type=${PYTHON_TYPES[type]}`];
    if (fallback) args.push(`default=${literal(type, fallback.value)}`);
    if (required) args.push('required=True');
    if (help !== undefined) args.push(`help=${pythonString(help)}`);
    this.#print(`${INDENT}${name.value} = metaflow.Parameter(${args.join(', ')})`);
  }

  #step(step: GraphStep): void {
    const { name, body, resources, joins, bind, next } = step;
    const ends = [name === this.#graph.start && 'start', name === this.#graph.end && 'end'].filter(
      (end) => end && end !== name,
    );
    const marks = ends.map((end) => `${end}=True`).join(', ');
    const isJoin = joins !== undefined;
    const statements: string[] = [];
    if (bind !== undefined) statements.push(`self.${bind} = self.input`);
    if (body?.kind === 'run') statements.push(`${bodyName(name)}(self${isJoin ? ', inputs' : ''})`);
    else if (body) statements.push(this.#call(name, body, isJoin));
    else if (isJoin) statements.push(this.#merge(name, joins));
    const pool = 'open' in next ? this.#graph.pools.get(next.open) : undefined;
    if (pool?.over !== undefined) statements.push(`_check_items(self, "${name}", ${pythonString(pool.over)})`);
    const transition = this.#transition(step);
    if (transition) statements.push(transition);
    if (statements.length === 0) statements.push('pass');
    this.#print(
      `${INDENT}@metaflow.resources(memory=${resources.memoryMB})`,
      `${INDENT}@metaflow.timeout(seconds=${Math.ceil(resources.timeoutMs / 1000)})`,
      `${INDENT}@metaflow.step${marks && `(${marks})`}`,
      `${INDENT}def ${name}(self${isJoin ? ', inputs' : ''}):`,
      ...statements.map((statement) => INDENT + INDENT + statement),
    );
  }

  #call(step: string, { module, function: name }: CallBody, isJoin: boolean): string {
    const target = `${this.#modules.get(module)}.${name}`;
    return `_call(self, "${step}", ${pythonString(`${module}:${name}`)}, ${target}${isJoin ? ', inputs' : ''})`;
  }

  #merge(step: string, opener: string): string {
    const as = this.#graph.pools.get(opener)?.as;
    return `_merge(self, inputs, "${step}"${as === undefined ? '' : `, exclude=[${pythonString(as)}]`})`;
  }

  #transition({ next }: GraphStep): string | undefined {
    if ('step' in next) return `self.next(self.${next.step})`;
    if ('end' in next) return undefined;
    const pool = this.#graph.pools.get('open' in next ? next.open : next.done);
    if (!pool) throw new TypeError('a step leads to a pool that is not there');
    if ('done' in next) return `self.next(self.${pool.join})`;
    const first = pool.first.map((name) => `self.${name}`).join(', ');
    return `self.next(${first}${pool.over === undefined ? '' : `, foreach=${pythonString(pool.over)}`})`;
  }

  #print(...lines: string[]): void {
    for (const line of lines) this.#lines.push(line);
  }
}

function bodyName(step: string): string {
  return `_run_${step}`;
}

/** Line of the flow file of each line of a text; blank lines stand after the one before them. */
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

/** `titles` → `_titles`, `shop.titles` → `_shop_titles`: no module hides a name of Metaflow's or another module. */
function moduleAliases(modules: readonly string[], functions: readonly string[]): Map<string, string> {
  const aliases = new Map<string, string>();
  const taken = new Set(['_call', '_value', '_merge', '_check_items', ...functions]);
  for (const module of modules) {
    const wanted = `_${module.replaceAll('.', '_')}`;
    let alias = wanted;
    for (let count = 2; taken.has(alias); count++) alias = `${wanted}_${count}`;
    taken.add(alias);
    aliases.set(module, alias);
  }
  return aliases;
}

function literal(type: Parameter['type'], value: unknown): string {
  if (type === 'json') return pythonString(JSON.stringify(value));
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  return typeof value === 'string' ? pythonString(value) : String(value);
}

/** `import x` before `from x import y`, as Python's tools sort them. */
function byImportKind(a: string, b: string): number {
  const kind = (line: string) => (line.startsWith('import') ? 0 : 1);
  return kind(a) - kind(b) || (a < b ? -1 : 1);
}
