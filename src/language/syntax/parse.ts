import type { Document, ErrorCode, Node, YAMLError } from 'yaml';
import { isCollection, isMap, isScalar, isSeq, visit } from 'yaml';
import { identityOf } from '../../base/json.ts';
import type { Diagnostics } from '../diagnostics/report.ts';
import type { Span } from '../model/flow.ts';
import { checkAliases } from './aliases.ts';
import { COLLECTIONS_NESTED_MAX, composeDocument } from './compose.ts';
import { mistakeOf } from './mistakes.ts';
import { isMergeKey, mergedMaps, resolved, spanOf } from './nodes.ts';

/** Our messages for errors of the YAML parser; for all others, the parser's own. */
const PROBLEMS: Partial<Record<ErrorCode, { message?: string; hint?: string }>> = {
  TAB_AS_INDENT: { message: 'YAML does not allow tabs for indentation', hint: 'indent with spaces' },
  MULTIPLE_DOCS: {
    message: 'the file contains more than one YAML document',
    hint: 'a file contains one flow: remove the line "---", or move the text after it to another file',
  },
  BAD_INDENT: { hint: 'start the keys of a mapping in the same column, indented deeper than their parent' },
  BLOCK_AS_IMPLICIT_KEY: {
    message: 'YAML reads the colon in this text as the end of a key',
    hint: 'put text that contains a colon in quotes, or on its own lines after "|"',
  },
  MISSING_CHAR: { hint: 'put a comma between items, and close every quote, bracket and brace' },
  UNEXPECTED_TOKEN: {
    hint: 'put text that contains braces, brackets, a colon or a comma in quotes, or on its own lines after "|"',
  },
  TAG_RESOLVE_FAILED: { hint: 'remove the tag, or put text that starts with ! in quotes' },
};

/** Maximum number of parser messages; a file that is not YAML has one per line. */
const PROBLEMS_MAX = 20;

/** Parses a flow file; reports errors and returns undefined if it is not a sound YAML document. */
export function parse(report: Diagnostics): Document.Parsed | undefined {
  const document = composeDocument(report.source.text);
  if ('tooDeepAt' in document) {
    const { tooDeepAt } = document;
    const message = `lists and mappings are nested more than ${COLLECTIONS_NESTED_MAX} levels deep`;
    report.error('too-deep', within([tooDeepAt, tooDeepAt], report), message, 'move such data to a separate file');
    return undefined;
  }
  for (const error of withoutAftermath(document.errors).slice(0, PROBLEMS_MAX)) {
    const mistake = mistakeOf(error, document, report.source);
    if (mistake) {
      report.error(mistake.code, mistake.span, mistake.message, mistake.hint);
      if (mistake.isLast) break;
      continue;
    }
    report.error(codeOf(error.code), within(error.pos, report), messageOf(error, report), PROBLEMS[error.code]?.hint);
  }
  for (const warning of document.warnings.slice(0, PROBLEMS_MAX)) {
    report.error(
      codeOf(warning.code),
      within(warning.pos, report),
      lowerFirst(warning.message),
      PROBLEMS[warning.code]?.hint,
    );
  }
  if (report.hasErrors) return undefined;
  checkKeys(document, report);
  checkAliases(document, report);
  return report.hasErrors ? undefined : document;
}

/** After an unexpected token the parser is lost, and its further messages are not useful. */
function withoutAftermath(errors: readonly YAMLError[]): readonly YAMLError[] {
  const lost = errors.findIndex(({ code }) => code === 'UNEXPECTED_TOKEN');
  return lost < 0 ? errors : errors.slice(0, Math.max(lost, 1));
}

/** Ours if there is one; the parser's own is about tokens. */
function messageOf({ code, message, pos }: YAMLError, { source }: Diagnostics): string {
  const [text = ''] = source.text.slice(...pos).split('\n', 1);
  if (code === 'UNEXPECTED_TOKEN' && text.trim() !== '') return `unexpected ${JSON.stringify(text.trim())}`;
  return PROBLEMS[code]?.message ?? lowerFirst(message);
}

function checkKeys(document: Document.Parsed, report: Diagnostics): void {
  visit(document, {
    Map(_, { items }) {
      const values = new Set<unknown>();
      for (const { key } of items) {
        if (!isScalar(key)) continue;
        const identity = identityOf(key.value);
        if (values.has(identity)) report.error('duplicate-key', spanOf(key), 'duplicate key', 'remove one of them');
        values.add(identity);
      }
    },
    Pair(_, { key, value }) {
      if (isMergeKey(key)) checkMerge(resolved(document, value), spanOf(key as Node), document, report);
      if (!isCollection(key)) return undefined;
      report.error(
        'bad-key',
        spanOf(key),
        'a key must be text, not a list or a mapping',
        'put text that contains braces or brackets in quotes',
      );
      return visit.SKIP;
    },
  });
}

function checkMerge(value: Node | undefined, key: Span, document: Document.Parsed, report: Diagnostics): void {
  const isSound =
    value === undefined || (isSeq(value) ? mergedMaps(document, value).length === value.items.length : isMap(value));
  if (isSound) return;
  const hint = 'write "<<: *name" or "<<: [*name, *other]", where the anchors are on mappings';
  report.error('bad-merge', key, 'the key << needs a mapping or a list of mappings', hint);
}

function codeOf(code: ErrorCode): string {
  return code.toLowerCase().replaceAll('_', '-');
}

/** The parser often reports only the first character; the whole word is meant. */
function within([start, end]: [number, number], report: Diagnostics): Span {
  const last = report.source.text.length;
  if (end <= start + 1) end = start + (/^[\w.-]+/.exec(report.source.text.slice(start, start + 80))?.[0].length ?? 1);
  return [Math.min(start, last), Math.min(Math.max(end, start + 1), Math.max(last, start + 1))];
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
