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

/** What an alias stands for; any other node as it is. */
export function resolved(document: Document.Parsed, node: unknown): Node | undefined {
  if (!isAlias(node)) return (node as ParsedNode | null) ?? undefined;
  let targets = aliasTargets.get(document);
  if (!targets) {
    targets = targetsOf(document);
    aliasTargets.set(document, targets);
  }
  return targets.get(node);
}

/** Of documents that have been asked for one. */
const aliasTargets = new WeakMap<Document.Parsed, Map<Alias, Node>>();

/** What the aliases stand for, all in one walk: `Alias.resolve` takes a walk for each. */
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

/** Entries of a mapping whose keys are scalars; none of what is no mapping. */
export function entriesOf(document: Document.Parsed, node: Node | undefined): Entry[] {
  if (!isMap(node)) return [];
  const entries: Entry[] = [];
  for (const pair of (node as YAMLMap<Node, Node | null>).items) {
    const key = resolved(document, pair.key);
    if (!isScalar(key)) continue;
    entries.push({ key: String(key.value), keySpan: spanOf(pair.key), node: resolved(document, pair.value) });
  }
  return entries;
}

export function itemsOf(document: Document.Parsed, node: Node | undefined): Node[] {
  if (!isSeq(node)) return [];
  return (node as YAMLSeq).items.flatMap((item) => resolved(document, item) ?? []);
}

/** The node under a key of a mapping. */
export function valueAt(document: Document.Parsed, node: Node | undefined, key: string): Node | undefined {
  return entriesOf(document, node).find((entry) => entry.key === key)?.node;
}

/** Text of a scalar that holds text. */
export function textOf(node: Node | undefined): string | undefined {
  return isScalar(node) && typeof node.value === 'string' ? node.value : undefined;
}

/** A node as JavaScript has it. Keys that are no text become text; aliases were found sound before. */
export function toValue(document: Document.Parsed, node: Node | undefined): unknown {
  if (isScalar(node)) return node.value;
  if (isSeq(node)) return node.items.map((item) => toValue(document, resolved(document, item)));
  if (!isMap(node)) return null;
  return Object.fromEntries(entriesOf(document, node).map(({ key, node: value }) => [key, toValue(document, value)]));
}
