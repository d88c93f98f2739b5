import type { CST, Document, ScalarTag, TagId, Tags } from 'yaml';
import { Composer, isScalar, Lexer, Parser, YAMLParseError } from 'yaml';
import { exactFloat, exactInteger } from '../../base/json.ts';

/**
 * Lists and mappings in each other at most, whatever they are for. Python's parser takes 200 brackets in each other, and a
 * value stands in some more; the composer of YAML is a recursion, which a deeper text would carry beyond the stack's end.
 */
export const COLLECTIONS_NESTED_MAX = 150;

/** A text as a document of YAML; or the offset at which it is nested deeper than anybody writes. */
export function composeDocument(text: string): Document.Parsed | { tooDeepAt: number } {
  const parser = new Parser();
  const tokens: CST.Token[] = [];
  for (const lexeme of new Lexer().lex(text)) {
    const { offset } = parser;
    tokens.push(...parser.next(lexeme));
    // Below the collections, the stack holds the document; above them may be a scalar.
    const top = parser.stack.at(-1);
    if (parser.stack.length - 1 > COLLECTIONS_NESTED_MAX && top && 'items' in top) return { tooDeepAt: offset };
  }
  tokens.push(...parser.end());
  // Its own look for duplicate keys compares each with each.
  const composer = new Composer({ logLevel: 'error', uniqueKeys: false, customTags: withExactNumbers });
  const [document, second] = composer.compose(tokens, true, text.length) as Iterable<Document.Parsed>;
  // As yaml's own `parseDocument` has it.
  if (second)
    document?.errors.push(new YAMLParseError([...second.range.slice(0, 2)] as [number, number], 'MULTIPLE_DOCS', ''));
  return document as Document.Parsed;
}

/** YAML's own tags, whose numbers are as exact as they are written. */
function withExactNumbers(tags: Tags): Tags {
  return tags.map((tag: TagId | Tags[number]) => {
    if (typeof tag !== 'object' || 'collection' in tag || tag.resolve === undefined) return tag;
    const resolve = RESOLVERS[tag.tag]?.(tag.resolve);
    return resolve ? { ...tag, resolve } : tag;
  });
}

type Resolve = NonNullable<ScalarTag['resolve']>;

const RESOLVERS: Record<string, (resolve: Resolve) => Resolve> = {
  'tag:yaml.org,2002:int': (resolve) => (text, onError, options) =>
    exactInteger(String(resolve(text, onError, { ...options, intAsBigInt: true }))),
  'tag:yaml.org,2002:float': (resolve) => (text, onError, options) => {
    const resolved = resolve(text, onError, options);
    return exactFloat((isScalar(resolved) ? resolved.value : resolved) as number);
  },
};
