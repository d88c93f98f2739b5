import type { Document, Node } from 'yaml';
import { isMap } from 'yaml';
import { didYouMean, suggest } from '../../base/suggest.ts';
import type { Diagnostics } from '../diagnostics/report.ts';
import type { Span } from '../model/flow.ts';
import type { Entry } from './nodes.ts';
import { entriesOf, resolved, spanOf } from './nodes.ts';

/** The fields of an ajv error that are used here. */
export interface SchemaError {
  instancePath: string;
  schemaPath: string;
  keyword: string;
  params: Record<string, unknown>;
  parentSchema: { title?: string; properties?: Record<string, unknown> };
  data: unknown;
}

/** A validator compiled by ajv. */
export type Validator = ((value: unknown) => boolean) & { errors?: SchemaError[] | null };

/** Position of an error and how to refer to it. */
export interface SchemaPlace {
  span: Span;
  /** Where to report missing keys: the first key. */
  headSpan: Span;
  entries: Entry[];
  /** Last part of the path: a key, or an index. */
  key: string | undefined;
  /** `a case`, `"resources"`. */
  owner: string;
}

export interface Wording {
  /** The part being checked: `a step`. */
  root: string;
  /** What a root that is not a mapping should have been: `a flow file`. */
  file: string;
  /** Hints that are more specific than the schema. */
  hint?(error: SchemaError, place: SchemaPlace): string | undefined;
  /** Reports the error itself. @returns whether it did */
  tell?(error: SchemaError, place: SchemaPlace, mistyped: ReadonlySet<string>): boolean;
}

/** Maximum number of errors per part: each is searched among all keys, and nobody reads more. */
const ERRORS_MAX = 50;

/** Reports schema errors at their positions in a YAML document, in the user's terms. */
export function reportSchemaErrors(
  found: readonly SchemaError[],
  root: Node,
  document: Document.Parsed,
  report: Diagnostics,
  wording: Wording,
): void {
  const errors = found.slice(0, ERRORS_MAX);
  const mistyped = new Set(
    errors.flatMap(({ keyword, params, parentSchema }) =>
      keyword === 'additionalProperties'
        ? (suggest(params.additionalProperty as string, keysOf(parentSchema)) ?? [])
        : [],
    ),
  );
  for (const error of errors) {
    const path = error.instancePath.split('/').slice(1).map(unescapePointer);
    const place = { ...locate(path, root, document), key: path.at(-1), owner: ownerName(error, path, wording.root) };
    if (!wording.tell?.(error, place, mistyped)) tell(error, path, place, mistyped, report, wording);
  }
}

function tell(
  error: SchemaError,
  path: readonly string[],
  place: SchemaPlace,
  mistyped: ReadonlySet<string>,
  report: Diagnostics,
  wording: Wording,
): void {
  const { span, headSpan, entries, key, owner } = place;
  const ownHint = wording.hint?.(error, place);
  switch (error.keyword) {
    case 'additionalProperties': {
      const name = error.params.additionalProperty as string;
      const known = keysOf(error.parentSchema);
      const hint = didYouMean(name, known) ?? ownHint ?? `valid keys: ${known.join(', ')}`;
      const at = entries.find((entry) => entry.key === name)?.keySpan ?? span;
      report.error('unknown-key', at, `${owner} has no key "${name}"`, hint);
      break;
    }
    case 'required': {
      const name = error.params.missingProperty as string;
      if (!mistyped.has(name)) report.error('missing-key', headSpan, `${owner} needs the key "${name}"`, ownHint);
      break;
    }
    case 'type': {
      const wanted = [error.params.type].flat().map((type) => TYPE_NAMES[type as string] ?? type);
      const subject = key === undefined ? wording.file : /^\d+$/.test(key) ? `an item of ${path.at(-2)}` : `"${key}"`;
      const message = `${subject} must be ${either(wanted)}, not ${shown(error)}`;
      report.error('wrong-type', span, message, unbracketed(error) ?? ownHint ?? typeHint(error));
      break;
    }
    case 'enum': {
      const allowed = error.params.allowedValues as string[];
      const hint = typeof error.data === 'string' ? (ownHint ?? didYouMean(error.data, allowed)) : undefined;
      report.error('wrong-value', span, `"${key}" must be one of ${allowed.join(', ')}`, hint);
      break;
    }
    case 'const':
      report.error('wrong-value', span, `"${key}" must be ${JSON.stringify(error.params.allowedValue)}`);
      break;
    case 'minItems':
      report.error('empty-list', span, `"${key}" is empty`, 'remove the key, or list at least one entry');
      break;
    case 'minimum':
      report.error('wrong-value', span, `"${key}" must be at least ${error.params.limit}`);
      break;
    case 'maximum':
      report.error('wrong-value', span, `"${key}" must be at most ${error.params.limit}`);
      break;
  }
}

/** `text, a mapping or a list` */
function either(names: readonly unknown[]): string {
  return names.length < 2 ? String(names[0]) : `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;
}

/** What was found; the number itself if only whole numbers are allowed. */
function shown({ data, params }: SchemaError): string {
  const isFraction = typeof data === 'number' && [params.type].flat().includes('integer');
  return isFraction ? String(data) : typeName(data);
}

const TYPE_NAMES: Record<string, string> = {
  string: 'text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
};

/** A description of a value. */
export function typeName(value: unknown): string {
  if (value === null || value === undefined) return 'empty';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'number' || typeof value === 'bigint') return 'a number';
  return { boolean: 'true or false', string: 'text', object: 'a mapping' }[typeof value as string] ?? typeof value;
}

/** Values that were booleans in older YAML, or quoted ones. */
const BOOLEANS: Record<string, string> = {
  true: 'write it without quotes: true',
  false: 'write it without quotes: false',
  yes: 'write true',
  no: 'write false',
  on: 'write true',
  off: 'write false',
};

/** A list with one text where a text is expected. */
function unbracketed({ params, data }: SchemaError): string | undefined {
  if (![params.type].flat().includes('string') || !Array.isArray(data)) return undefined;
  return data.length === 1 && typeof data[0] === 'string' ? `write it without brackets: ${data[0]}` : undefined;
}

function typeHint({ params, data }: SchemaError): string | undefined {
  const types = [params.type].flat();
  if (types.includes('boolean') && typeof data === 'string') return BOOLEANS[data.toLowerCase()];
  const isNumber = types.includes('integer') || types.includes('number');
  if (isNumber && typeof data === 'string' && /^\d+$/.test(data)) return `write it without quotes: ${data}`;
  if (types.includes('string') && ['number', 'boolean'].includes(typeof data)) return 'put it in quotes';
  if (types.includes('array') && typeof data === 'string') return `write it as a list: [${data}]`;
  if (types.includes('string') && typeof data === 'object' && data !== null)
    return 'put text that contains braces, brackets or a colon in quotes';
  return undefined;
}

function ownerName(error: SchemaError, path: readonly string[], root: string): string {
  if (path.length === 0) return root;
  const { title } = error.parentSchema;
  if (!title) return `"${path.at(-1)}"`;
  return `${/^[aeiou]/.test(title) ? 'an' : 'a'} ${title}`;
}

function keysOf(schema: SchemaError['parentSchema']): string[] {
  return Object.keys(schema.properties ?? {});
}

function locate(path: readonly string[], root: Node, document: Document.Parsed): Omit<SchemaPlace, 'key' | 'owner'> {
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
