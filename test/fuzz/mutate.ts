import type { Document, Node, Pair } from 'yaml';
import { isAlias, isCollection, isMap, isPair, isScalar, isSeq, parseDocument, visit } from 'yaml';
import type { Random } from './random.ts';

/** Text that has been trouble somewhere. */
const TEXTS = [
  '',
  ' ',
  '~',
  'null',
  'true',
  'yes',
  '0',
  '-0',
  '1e999',
  '.nan',
  '-.inf',
  '0x1F',
  '0o7',
  '1_000',
  '99999999999999999999',
  '12:30:45',
  '2026-01-01',
  '=',
  '<<',
  '*a',
  '&a x',
  '!!python/object:os.system x',
  '!!binary aGk=',
  '!<tag:yaml.org,2002:str> x',
  '? a',
  '- ',
  '---',
  '...',
  '%YAML 1.2',
  '|',
  '>-',
  '{',
  '[',
  '"',
  "'",
  '\\u0000',
  '\u0000',
  '\u0007',
  '\u001b[31m',
  '\u0085',
  '\u2028',
  '\ufeff',
  '\ud800',
  '\ufffe',
  'Ünïcödé',
  '\u202eevil',
  '🧵🪡',
  'é',
  '__proto__',
  'constructor',
  'toString',
  '__class__',
  '__init__',
  'self',
  'start',
  'end',
  'next',
  'lambda',
  'None',
  'input',
  'index',
  'name',
  '../../etc/passwd',
  '/abs',
  'a/b:c',
  '${',
  `\${x}`,
  `$\${x}`,
  `\${self.x}`,
  '"""',
  "'''",
  '#',
  '\\',
  'self.x = 1\n\tself.y = 2',
  'if True:\n',
  'return',
  'yield 1',
  'await x',
  'self.next(self.end)',
  'def f(:\n',
  'x = """\n  open',
  'f"{self.x!r:>{10}}"',
  'print("\\N{DASH}")',
  'async def f(): pass',
  'import os\nos._exit(1)',
  'self.merge_artifacts(inputs)',
  'pass\r\npass',
  'a'.repeat(300),
  'ab_'.repeat(3_000),
  `${'('.repeat(150)}1${')'.repeat(150)}`,
  '['.repeat(2_000),
  `${'-'.repeat(5_000)}1`,
  '\n'.repeat(500),
  '* * * * *',
  '99m',
  '1.5Gi',
  '-1',
  '1e3s',
  'pandas==2.2.3 ; python_version < "3"',
];

const VALUES: unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1,
  1.5,
  1e308,
  -1e-320,
  2 ** 53,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  [],
  {},
  [[]],
  [null],
  { '': null },
  { step: 'x', run: 'pass' },
  [{ step: 'y', run: 'pass' }],
  { __proto__: null, constructor: 1 },
];

const KEYS = [
  'step',
  'run',
  'call',
  'action',
  'flow',
  'with',
  'result',
  'detach',
  'foreach',
  'as',
  'branches',
  'switch',
];
KEYS.push(
  'cases',
  'default',
  'while',
  'until',
  'max',
  'steps',
  'join',
  'collect',
  'retry',
  'catch',
  'resources',
  'memory',
);
KEYS.push('timeout', 'concurrency', 'batch', 'onEmpty', 'onError', 'minSuccess', 'environment', 'vars', 'pip', 'image');
KEYS.push('secrets', 'parameters', 'type', 'required', 'enum', 'min', 'pattern', 'schedule', 'cron', 'timezone', 'on');
KEYS.push('trigger', 'feed', 'target', 'onFailure', 'outputs', 'code', 'tags', 'description', '<<', 'times', 'backoff');

/** A flow file with one to a few changes. */
export function mutate(random: Random, text: string, others: readonly string[]): string {
  const kinds = [bytes, tokens, tokens, nodes, nodes, nodes, nodes, whole] as const;
  let changed = text;
  for (let count = random.between(1, 3); count > 0; count--) changed = random.pick(kinds)(random, changed, others);
  return changed;
}

function bytes(random: Random, text: string, others: readonly string[]): string {
  const at = random.below(text.length + 1);
  const end = Math.min(text.length, at + random.between(1, 40));
  switch (random.below(6)) {
    case 0:
      return text.slice(0, at);
    case 1:
      return text.slice(0, at) + text.slice(end);
    case 2:
      return text.slice(0, end) + text.slice(at);
    case 3: {
      const other = random.pick(others);
      const from = random.below(other.length);
      return text.slice(0, at) + other.slice(from, from + random.between(1, 200)) + text.slice(at);
    }
    case 4:
      return (
        text.slice(0, at) +
        String.fromCharCode(random.chance(0.5) ? random.below(128) : random.below(0x10000)) +
        text.slice(at + 1)
      );
    default:
      return text.slice(0, at) + random.pick(TEXTS) + text.slice(at);
  }
}

function tokens(random: Random, text: string): string {
  const parts = text.split(/(\s+|[:,[\]{}#&*!|>'"()=.-])/);
  const [one, other] = [random.below(parts.length), random.below(parts.length)];
  switch (random.below(4)) {
    case 0:
      parts.splice(one, 1);
      break;
    case 1:
      parts.splice(one, 0, parts[other] as string);
      break;
    case 2:
      [parts[one], parts[other]] = [parts[other] as string, parts[one] as string];
      break;
    default:
      parts[one] = random.pick([...TEXTS, ...KEYS]);
  }
  return parts.join('');
}

/** Changes that leave it YAML. */
function nodes(random: Random, text: string): string {
  const document = parseDocument(text, { logLevel: 'silent' });
  const pairs: { pair: Pair<Node, Node | null>; parent: { items: unknown[] } }[] = [];
  const items: { parent: { items: unknown[] }; index: number }[] = [];
  visit(document, (_, node) => {
    if (isMap(node)) for (const pair of node.items) pairs.push({ pair: pair as Pair<Node, Node>, parent: node });
    if (isSeq(node)) items.push(...node.items.map((_item, index) => ({ parent: node, index })));
  });
  if (pairs.length === 0 || document.errors.length > 0) return tokens(random, text);
  const { pair, parent } = random.pick(pairs);
  const other = random.pick(pairs).pair;
  const node = (value: unknown) => document.createNode(value) as Node;
  switch (random.below(12)) {
    case 0:
      parent.items.splice(parent.items.indexOf(pair), 1);
      break;
    case 1:
      pair.value = node(random.pick(VALUES));
      break;
    case 2:
      pair.value = node(random.pick(TEXTS));
      break;
    case 3:
      pair.key = node(random.chance(0.8) ? random.pick(KEYS) : random.pick([...TEXTS, ...VALUES]));
      break;
    case 4:
      [pair.value, other.value] = [other.value, pair.value];
      break;
    case 5:
      pair.value = (other.value as Node | null)?.clone?.() as Node;
      break;
    case 6:
      parent.items.push(document.createPair(random.pick(KEYS), random.pick<unknown>([...VALUES, ...TEXTS])));
      break;
    case 7:
      alias(random, document, pair, other);
      break;
    case 8:
      pair.value = node(deep(random, random.pick([5, 30, 200])));
      break;
    case 9:
      if (isScalar(pair.value)) pair.value.value = retyped(random, pair.value.value);
      break;
    case 10:
      if (items.length > 0) {
        const { parent: list, index } = random.pick(items);
        if (random.chance(0.5)) list.items.splice(index, 1);
        else list.items.splice(random.below(list.items.length), 0, list.items[index]);
      }
      break;
    default:
      if (items.length > 0) {
        const [one, two] = [random.pick(items), random.pick(items)];
        const kept = one.parent.items[one.index];
        one.parent.items[one.index] = two.parent.items[two.index];
        two.parent.items[two.index] = kept;
      }
  }
  return write(document) ?? tokens(random, text);
}

/** One value stands for another, or for what holds it. */
function alias(random: Random, document: Document, pair: Pair, other: Pair): void {
  const target = random.chance(0.3) ? document.contents : other.value;
  if (!isCollection(target) && !isScalar(target)) return;
  if (isAlias(target) || isPair(target)) return;
  target.anchor ??= `a${random.below(3)}`;
  pair.value = document.createAlias(target, target.anchor);
}

function retyped(random: Random, value: unknown): unknown {
  if (typeof value === 'number') return random.pick([-value, value * 1e6, value + 0.5, String(value), 0, Number.NaN]);
  if (typeof value === 'boolean') return random.pick([!value, String(value), 1]);
  const text = String(value);
  return random.pick([
    `${text}${text}`,
    text.toUpperCase(),
    ` ${text}`,
    `${text}\n`,
    [text],
    { [text]: text },
    Number(text),
  ]);
}

function deep(random: Random, depth: number): unknown {
  let value: unknown = random.chance(0.5) ? 1 : [{ step: 'deepest', run: 'pass' }];
  const kind = random.below(5);
  for (let level = 0; level < depth; level++) {
    value = [
      [value],
      { a: value },
      [{ branches: { a: value, b: [{ step: `b${level}`, run: 'pass' }] } }],
      [{ foreach: [1], steps: value }],
      [{ while: 'False', steps: value }],
    ][kind];
  }
  return value;
}

/** Nothing where the document cannot be written: an alias before its anchor. */
function write(document: Document): string | undefined {
  try {
    return document.toString();
  } catch {
    return undefined;
  }
}

function whole(random: Random, text: string, others: readonly string[]): string {
  switch (random.below(9)) {
    case 0:
      return text.replaceAll('\n', '\r\n');
    case 1:
      return text.replaceAll('\n', '\r');
    case 2:
      return text.replaceAll(/^( {2})+/gm, (spaces) => '\t'.repeat(spaces.length / 2));
    case 3:
      return `\ufeff${text}`;
    case 4:
      return `${text}\n---\n${random.pick(others)}`;
    case 5:
      return text.replaceAll(/^/gm, ' '.repeat(random.between(1, 3)));
    case 6:
      return text.replaceAll(random.pick(['steps', 'run', 'self', 'foreach', ':', '  ']), () => random.pick(TEXTS));
    case 7:
      return `${text}\n${text}`;
    default:
      return text.trimEnd();
  }
}
