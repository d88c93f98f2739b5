import type { Alias, Document, Node, ParsedNode, YAMLMap, YAMLSeq } from 'yaml';
import { isAlias, isMap, isScalar, isSeq, visit } from 'yaml';
import type { Span } from '../model/flow.ts';

/** Key and value of a mapping, the value with its alias resolved. */
export interface Entry {
  key: string;
  keySpan: Span;
  node: Node | undefined;
}

export function spanOf(node: Node): Span {
  const [start, end] = node.range ?? [0, 0];
  return [start, end];
}

/** What an alias refers to; other nodes unchanged. */
export function resolved(document: Document.Parsed, node: unknown): Node | undefined {
  if (!isAlias(node)) return (node as ParsedNode | null) ?? undefined;
  let targets = aliasTargets.get(document);
  if (!targets) {
    targets = targetsOf(document);
    aliasTargets.set(document, targets);
  }
  return targets.get(node);
}

/** Cached per document. */
const aliasTargets = new WeakMap<Document.Parsed, Map<Alias, Node>>();

/** Targets of all aliases, found in one walk; `Alias.resolve` walks once per alias. */
function targetsOf(document: Document.Parsed): Map<Alias, Node> {
  const anchors = new Map<string, Node>();
  const targets = new Map<Alias, Node>();
  visit(document, {
    Node(_, node) {
      if (!isAlias(node)) {
        if (node.anchor) anchors.set(node.anchor, node);
        return;
      }
      const target = anchors.get(node.source);
      if (target) targets.set(node, target);
    },
  });
  return targets;
}

/** A key of a mapping and its value, aliases resolved. */
export interface PairOf {
  key: Node;
  /** As written in the file. */
  keySpan: Span;
  value: Node | undefined;
}

/** Pairs of a mapping: its own, then those merged by `<<` that it does not override; empty for other nodes. */
export function pairsOf(document: Document.Parsed, node: Node | undefined): PairOf[] {
  if (!isMap(node)) return [];
  const pairs: PairOf[] = [];
  const merged: PairOf[] = [];
  for (const { key, value } of (node as YAMLMap<Node, Node | null>).items) {
    const there = resolved(document, value);
    if (isMergeKey(key)) merged.push(...mergedMaps(document, there).flatMap((map) => pairsOf(document, map)));
    else pairs.push({ key: resolved(document, key) as Node, keySpan: spanOf(key), value: there });
  }
  if (merged.length === 0) return pairs;
  const nameOf = ({ key }: PairOf) => (isScalar(key) ? key.value : key);
  const known = new Set(pairs.map(nameOf));
  for (const pair of merged) {
    if (known.has(nameOf(pair))) continue;
    known.add(nameOf(pair));
    pairs.push(pair);
  }
  return pairs;
}

/** The merge key `<<` of YAML 1.1, which is still common. */
export function isMergeKey(key: unknown): boolean {
  return isScalar(key) && key.type === 'PLAIN' && key.value === '<<';
}

/** The mappings in the value of a merge key, in order. */
export function mergedMaps(document: Document.Parsed, value: Node | undefined): Node[] {
  return (isSeq(value) ? itemsOf(document, value) : [value]).filter((node) => isMap(node));
}

/** Entries of a mapping whose keys are scalars; empty for other nodes. */
export function entriesOf(document: Document.Parsed, node: Node | undefined): Entry[] {
  return pairsOf(document, node).flatMap(({ key, keySpan, value }) =>
    isScalar(key) ? [{ key: String(key.value), keySpan, node: value }] : [],
  );
}

export function itemsOf(document: Document.Parsed, node: Node | undefined): Node[] {
  if (!isSeq(node)) return [];
  return (node as YAMLSeq).items.flatMap((item) => resolved(document, item) ?? []);
}

/** The node under a key of a mapping. */
export function valueAt(document: Document.Parsed, node: Node | undefined, key: string): Node | undefined {
  return entriesOf(document, node).find((entry) => entry.key === key)?.node;
}

/** Text of a scalar, if it holds text. */
export function textOf(node: Node | undefined): string | undefined {
  return isScalar(node) && typeof node.value === 'string' ? node.value : undefined;
}

/** Converts a node to JavaScript. Keys become text; aliases were checked before. */
export function toValue(document: Document.Parsed, node: Node | undefined): unknown {
  if (isScalar(node)) return node.value;
  if (isSeq(node)) return node.items.map((item) => toValue(document, resolved(document, item)));
  if (!isMap(node)) return null;
  return Object.fromEntries(entriesOf(document, node).map(({ key, node: value }) => [key, toValue(document, value)]));
}
