import type { Document, Node, Pair } from 'yaml';
import { isAlias, isCollection, isPair } from 'yaml';
import { spanOf } from './nodes.ts';
import type { Report } from './report.ts';

/**
 * Nodes that all aliases of a file together may stand for. Ten lines of aliases of aliases can stand for billions; a flow
 * of 10,000 steps that share their resources stays below.
 */
export const ALIASED_NODES_MAX = 100_000;

/** Finds aliases that hold themselves, and those that would blow the file up. */
export function checkAliases(document: Document.Parsed, report: Report): void {
  const sizes = new Map<Node, number>();
  const open = new Set<Node>();
  let aliased = 0;

  function sizeOf(node: Node | Pair | null | undefined | unknown): number {
    if (isPair(node)) return sizeOf(node.key) + sizeOf(node.value);
    if (isAlias(node)) {
      const target = node.resolve(document);
      if (!target) {
        const hint = `put "&${node.source}" before what it is to stand for, or put text that starts with * in quotes`;
        report.error('unknown-alias', spanOf(node), `*${node.source} stands for nothing`, hint);
        return 1;
      }
      if (open.has(target)) {
        report.error(
          'circular-alias',
          spanOf(node),
          `*${node.source} stands for something that holds it`,
          'remove the alias',
        );
        return 1;
      }
      const size = sizeOf(target);
      aliased += size;
      if (aliased > ALIASED_NODES_MAX && !report.hasErrors) {
        const message = `the aliases of this file stand for more than ${ALIASED_NODES_MAX.toLocaleString('en')} nodes`;
        report.error('alias-bomb', spanOf(node), message, 'write out what is needed, without aliases of aliases');
      }
      return size;
    }
    if (!isCollection(node)) return 1;
    const known = sizes.get(node);
    if (known !== undefined) return known;
    open.add(node);
    let size = 1;
    for (const item of node.items) size += sizeOf(item);
    open.delete(node);
    sizes.set(node, size);
    return size;
  }

  sizeOf(document.contents);
}
