import type { CST, Document, ScalarTag, TagId, Tags } from 'yaml';
import { Composer, isScalar, Lexer, Parser, YAMLParseError } from 'yaml';
import { exactFloat, exactInteger } from '../../base/json.ts';

/**
 * Maximum nesting of lists and mappings. Python's parser accepts 200 nested brackets, and values are nested in some
 * more; the YAML composer is recursive and would overflow the stack on deeper text.
 */
export const COLLECTIONS_NESTED_MAX = 150;

/** Parses a text as a YAML document; returns an offset instead if it is nested too deeply. */
export function composeDocument(text: string): Document.Parsed | { tooDeepAt: number } {
  const parser = new Parser();
  const tokens: CST.Token[] = [];
  for (const lexeme of new Lexer().lex(text)) {
    const { offset } = parser;
    tokens.push(...parser.next(lexeme));
    // The stack holds the document below the collections, and possibly a scalar above them.
    const top = parser.stack.at(-1);
    if (parser.stack.length - 1 > COLLECTIONS_NESTED_MAX && top && 'items' in top) return { tooDeepAt: offset };
  }
  tokens.push(...parser.end());
  // The library's own search for duplicate keys is quadratic.
  const composer = new Composer({ logLevel: 'error', uniqueKeys: false, customTags: withExactNumbers });
  const [document, second] = composer.compose(tokens, true, text.length) as Iterable<Document.Parsed>;
  // As in yaml's `parseDocument`.
  if (second)
    document?.errors.push(new YAMLParseError([...second.range.slice(0, 2)] as [number, number], 'MULTIPLE_DOCS', ''));
  return document as Document.Parsed;
}

/** YAML's core tags, with exact numbers. */
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
