import type { Document, Node } from 'yaml';
import { isMap } from 'yaml';
import type { Span } from '../model/flow.ts';
import type { Entry } from './nodes.ts';
import { entriesOf, resolved, spanOf } from './nodes.ts';
import type { Report } from './report.ts';
import { didYouMean, suggest } from './suggest.ts';
import {
  branchesPart,
  flowPart,
  foreachPart,
  joinStepPart,
  stepPart,
  switchPart,
  untilPart,
  whilePart,
} from './validators.generated.ts';

/** A part of the language that has a schema of its own. */
export type Kind = 'flow' | 'step' | 'foreach' | 'branches' | 'switch' | 'while' | 'until' | 'joinStep';

/** An error of ajv's, as far as it is read here. */
interface SchemaError {
  instancePath: string;
  schemaPath: string;
  keyword: string;
  params: Record<string, unknown>;
  parentSchema: { title?: string; properties?: Record<string, unknown> };
  data: unknown;
}

type Validator = ((value: unknown) => boolean) & { errors?: SchemaError[] | null };

const VALIDATORS = {
  flow: flowPart,
  step: stepPart,
  foreach: foreachPart,
  branches: branchesPart,
  switch: switchPart,
  while: whilePart,
  until: untilPart,
  joinStep: joinStepPart,
} as unknown as Record<Kind, Validator>;

/** How a part is called in a message. */
const KIND_NAMES: Partial<Record<Kind, string>> = { branches: 'branches', until: 'an until', joinStep: 'a join' };

/** Keys that say what a step does. */
const BODIES = ['run', 'call', 'action', 'flow'];

/** Reports where a part of a flow file is not as the schema wants it. */
export function checkShape(kind: Kind, value: unknown, node: Node, document: Document.Parsed, report: Report): void {
  const validate = VALIDATORS[kind];
  if (validate(value)) return;
  const errors = (validate.errors ?? []).filter(isTelling);
  const mistyped = new Set(
    errors.flatMap(({ keyword, params, parentSchema }) =>
      keyword === 'additionalProperties'
        ? (suggest(params.additionalProperty as string, keysOf(parentSchema)) ?? [])
        : [],
    ),
  );
  for (const error of errors) {
    const path = error.instancePath.split('/').slice(1).map(unescapePointer);
    const at = locate(path, node, document);
    const owner = ownerName(error, path, kind);
    const key = path.at(-1);
    switch (error.keyword) {
      case 'additionalProperties': {
        const name = error.params.additionalProperty as string;
        const span = at.entries.find((entry) => entry.key === name)?.keySpan ?? at.span;
        const known = keysOf(error.parentSchema);
        const hint = didYouMean(name, known) ?? `known are: ${known.join(', ')}`;
        report.error('unknown-key', span, `${owner} has no key "${name}"`, hint);
        break;
      }
      case 'required': {
        const name = error.params.missingProperty as string;
        if (!mistyped.has(name)) report.error('missing-key', at.headSpan, `${owner} needs the key "${name}"`);
        break;
      }
      case 'oneOf': {
        const keys = at.entries.map((entry) => entry.key).filter((name) => BODIES.includes(name));
        const second = at.entries.find((entry) => entry.key === keys[1]);
        if (second) {
          const message = `a step has one of run, call, action and flow; this one has ${keys.join(' and ')}`;
          report.error('two-bodies', second.keySpan, message, 'make two steps of it');
        } else if (!BODIES.some((name) => mistyped.has(name))) {
          const hint = 'add run with Python code, or call with a function as module:function';
          report.error('no-body', at.headSpan, 'a step needs run, call, action or flow', hint);
        }
        break;
      }
      case 'type': {
        const wanted = [error.params.type].flat().map((type) => TYPE_NAMES[type as string] ?? type);
        const subject =
          key === undefined ? 'a flow file' : /^\d+$/.test(key) ? `an item of ${path.at(-2)}` : `"${key}"`;
        const message = `${subject} has to be ${wanted.join(' or ')}, not ${typeName(error.data)}`;
        report.error('wrong-type', at.span, message, typeHint(error));
        break;
      }
      case 'enum': {
        const allowed = error.params.allowedValues as string[];
        const hint = typeof error.data === 'string' ? didYouMean(error.data, allowed) : undefined;
        report.error('wrong-value', at.span, `"${key}" has to be one of ${allowed.join(', ')}`, hint);
        break;
      }
      case 'minItems': {
        if (key === 'steps' || kind === 'branches') {
          const of = kind === 'flow' ? 'the flow' : kind === 'branches' ? `the branch "${key}"` : `the ${kind}`;
          const hint = 'add a step: "- step: name", and below it run or call';
          report.error('no-steps', at.span, `${of} has no steps`, hint);
        } else report.error('empty-list', at.span, `"${key}" is empty`, 'leave it out, or name something');
        break;
      }
      case 'minProperties': {
        if (kind === 'switch') {
          report.error('no-cases', at.headSpan, 'there are no cases', 'add a case: "value: [steps]"');
          break;
        }
        const message = at.entries.length === 0 ? 'there are no branches' : 'one branch alone is no fork';
        report.error('too-few-branches', at.headSpan, message, 'add a branch, or put its steps into the list itself');
        break;
      }
      case 'minimum':
        report.error('wrong-value', at.span, `"${key}" has to be ${error.params.limit} or more`);
        break;
      case 'maximum':
        report.error('wrong-value', at.span, `"${key}" has to be ${error.params.limit} at most`);
        break;
    }
  }
}

/** Of alternatives, what is wrong is told once, by what holds for all of them. */
function isTelling({ keyword, schemaPath }: SchemaError): boolean {
  if (schemaPath.includes('/oneOf/') || keyword === 'anyOf') return false;
  return !(keyword === 'type' && /\/anyOf\/\d+\/type$|^#\/definitions\/(schedule|trigger)\/type$/.test(schemaPath));
}

const TYPE_NAMES: Record<string, string> = {
  string: 'text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
};

function typeName(value: unknown): string {
  if (value === null || value === undefined) return 'empty';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'number' || typeof value === 'bigint') return 'a number';
  return { boolean: 'true or false', string: 'text', object: 'a mapping' }[typeof value as string] ?? typeof value;
}

function typeHint({ params, data }: SchemaError): string | undefined {
  const types = [params.type].flat();
  if (types.includes('string') && ['number', 'boolean'].includes(typeof data)) return 'put it in quotes';
  if (types.includes('array') && typeof data === 'string') return `write it as a list: [${data}]`;
  if (types.includes('string') && typeof data === 'object' && data !== null)
    return 'put text with braces, brackets or a colon in quotes';
  return undefined;
}

function ownerName(error: SchemaError, path: string[], kind: Kind): string {
  if (path.length === 0) return KIND_NAMES[kind] ?? `a ${kind}`;
  const { title } = error.parentSchema;
  if (!title) return `"${path.at(-1)}"`;
  return `${/^[aeiou]/.test(title) ? 'an' : 'a'} ${title}`;
}

function keysOf(schema: SchemaError['parentSchema']): string[] {
  return Object.keys(schema.properties ?? {});
}

interface Place {
  span: Span;
  /** Where to say that something is missing: the first key. */
  headSpan: Span;
  entries: Entry[];
}

function locate(path: readonly string[], root: Node, document: Document.Parsed): Place {
  let node: Node | undefined = root;
  let span = spanOf(root);
  for (const segment of path) {
    const entry: Entry | undefined = entriesOf(document, node).find(({ key }) => key === segment);
    if (entry) {
      node = entry.node;
      const empty = !node || spanOf(node)[0] === spanOf(node)[1];
      span = node && !empty ? spanOf(node) : entry.keySpan;
    } else {
      node = resolved(document, (node as { items?: unknown[] } | undefined)?.items?.[Number(segment)]);
      if (node) span = spanOf(node);
    }
  }
  const entries = isMap(node) ? entriesOf(document, node) : [];
  return { span, headSpan: entries[0]?.keySpan ?? span, entries };
}

function unescapePointer(segment: string): string {
  return segment.replaceAll('~1', '/').replaceAll('~0', '~');
}
