import type { Document, Node } from 'yaml';
import { isMap } from 'yaml';
import type { Span } from '../model/flow.ts';
import type { Entry } from './nodes.ts';
import { entriesOf, resolved, spanOf } from './nodes.ts';
import type { Report } from './report.ts';
import { didYouMean, suggest } from './suggest.ts';
import { branches, flow, foreach, step } from './validators.generated.ts';

/** A part of the language that has a schema of its own. */
export type Kind = 'flow' | 'step' | 'foreach' | 'branches';

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

const VALIDATORS = { flow, step, foreach, branches } as unknown as Record<Kind, Validator>;

/** Keys of the language as it will be, for those who read its design. */
const NOT_YET = new Set([
  ...['tags', 'secrets', 'schedule', 'on', 'onFailure', 'target', 'image', 'python', 'vars'],
  ...['retry', 'action', 'with', 'catch', 'collect', 'switch', 'cases', 'while', 'max'],
]);

const HERE = 'this version of nuvopipe does not have it yet';

/** Reports where a part of a flow file is not as the schema wants it. */
export function checkShape(kind: Kind, value: unknown, node: Node, document: Document.Parsed, report: Report): void {
  const validate = VALIDATORS[kind];
  if (validate(value)) return;
  const errors = (validate.errors ?? []).filter((error) => !error.schemaPath.includes('/oneOf/'));
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
        if (NOT_YET.has(name)) report.error('not-yet', span, `there is no "${name}" yet in ${owner}`, HERE);
        else {
          const known = keysOf(error.parentSchema);
          const hint = didYouMean(name, known) ?? `known are: ${known.join(', ')}`;
          report.error('unknown-key', span, `${owner} has no key "${name}"`, hint);
        }
        break;
      }
      case 'required': {
        const name = error.params.missingProperty as string;
        if (!mistyped.has(name)) report.error('missing-key', at.headSpan, `${owner} needs the key "${name}"`);
        break;
      }
      case 'oneOf': {
        const keys = at.entries.map((entry) => entry.key);
        if (keys.includes('run') && keys.includes('call')) {
          const span = at.entries.findLast((entry) => entry.key === 'run' || entry.key === 'call')?.keySpan ?? at.span;
          report.error('two-bodies', span, 'a step has either run or call, not both', 'make two steps of it');
        } else if (!mistyped.has('run') && !mistyped.has('call') && !keys.some((name) => NOT_YET.has(name))) {
          const hint = 'add run with Python code, or call with a function as module:function';
          report.error('no-body', at.headSpan, 'a step needs run or call', hint);
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
        const owned = { flow: 'the flow', step: 'the step', foreach: 'the foreach', branches: `the branch "${key}"` }[
          kind
        ];
        report.error(
          'no-steps',
          at.span,
          `${owned} has no steps`,
          'add a step: "- step: name", and below it run or call',
        );
        break;
      }
      case 'minProperties': {
        const message = at.entries.length === 0 ? 'there are no branches' : 'one branch alone is no fork';
        report.error('too-few-branches', at.headSpan, message, 'add a branch, or put its steps into the list itself');
        break;
      }
      case 'minimum':
        report.error('wrong-value', at.span, `"${key}" has to be ${error.params.limit} or more`);
        break;
    }
  }
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
  if (path.length === 0) return kind === 'branches' ? 'branches' : `a ${kind}`;
  return error.parentSchema.title ? `a ${error.parentSchema.title}` : `"${path.at(-1)}"`;
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
