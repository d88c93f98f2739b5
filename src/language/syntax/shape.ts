import type { Document, Node } from 'yaml';
import type { Diagnostics } from '../diagnostics/report.ts';
import {
  branchesPart,
  flowPart,
  foreachPart,
  joinStepPart,
  stepPart,
  switchPart,
  untilPart,
  whilePart,
} from './element-validators.generated.ts';
import type { ElementKind } from './hints.ts';
import { hintFor } from './hints.ts';
import { reportSchemaErrors, type SchemaError, type SchemaPlace, type Validator } from './schema-errors.ts';

const VALIDATORS = {
  flow: flowPart,
  step: stepPart,
  foreach: foreachPart,
  branches: branchesPart,
  switch: switchPart,
  while: whilePart,
  until: untilPart,
  joinStep: joinStepPart,
} as unknown as Record<ElementKind, Validator>;

/** How messages refer to a part. */
const KIND_NAMES: Partial<Record<ElementKind, string>> = {
  branches: 'branches',
  until: 'an until',
  joinStep: 'a join',
};

/** Keys that define what a step does. */
const BODIES = ['run', 'call', 'action', 'flow'];

/** Reports where a part of a flow file violates the schema. */
export function checkShape(
  kind: ElementKind,
  value: unknown,
  node: Node,
  document: Document.Parsed,
  report: Diagnostics,
): void {
  const validate = VALIDATORS[kind];
  if (validate(value)) return;
  reportSchemaErrors((validate.errors ?? []).filter(isTelling), node, document, report, {
    root: KIND_NAMES[kind] ?? `a ${kind}`,
    file: 'a flow file',
    hint: (error, place) => hintFor(kind, error, place),
    tell: (error, place, mistyped) => tell(kind, error, place, mistyped, report),
  });
}

/** Errors with messages specific to the flow language. */
function tell(
  kind: ElementKind,
  { keyword }: SchemaError,
  { span, headSpan, entries, key }: SchemaPlace,
  mistyped: ReadonlySet<string>,
  report: Diagnostics,
): boolean {
  switch (keyword) {
    case 'oneOf': {
      const bodies = entries.filter((entry) => BODIES.includes(entry.key));
      const second = bodies[1];
      if (second) {
        const keys = new Intl.ListFormat('en-GB').format(bodies.map((entry) => entry.key));
        const message = `a step has exactly one of run, call, action and flow; this one has ${keys}`;
        report.error('two-bodies', second.keySpan, message, 'split it into two steps');
      } else if (!BODIES.some((name) => mistyped.has(name))) {
        const hint = 'add run with Python code, or call with a function as module:function';
        report.error('no-body', headSpan, 'a step needs run, call, action or flow', hint);
      }
      return true;
    }
    case 'minItems': {
      if (key !== 'steps' && kind !== 'branches') return false;
      const of = kind === 'flow' ? 'the flow' : kind === 'branches' ? `the branch "${key}"` : `the ${kind}`;
      report.error('no-steps', span, `${of} has no steps`, 'add a step: "- step: name" with run or call below it');
      return true;
    }
    case 'minProperties': {
      if (kind === 'switch') {
        report.error('no-cases', headSpan, '"cases" is empty', 'add a case: "value: [steps]"');
        return true;
      }
      const message = entries.length === 0 ? '"branches" is empty' : '"branches" needs at least two branches';
      report.error('too-few-branches', headSpan, message, 'add a branch, or move its steps out of branches');
      return true;
    }
    default:
      return false;
  }
}

/** For alternatives, errors are reported once, by what all of them have in common. */
function isTelling({ keyword, schemaPath }: SchemaError): boolean {
  if (schemaPath.includes('/oneOf/') || keyword === 'anyOf') return false;
  return !(keyword === 'type' && /\/anyOf\/\d+\/type$|^#\/definitions\/(schedule|trigger)\/type$/.test(schemaPath));
}
