import type { Alias, Document, Node, Pair } from 'yaml';
import { isAlias, isCollection, isPair } from 'yaml';
import type { Diagnostics } from '../diagnostics/report.ts';
import { COLLECTIONS_NESTED_MAX } from './compose.ts';
import { resolved, spanOf } from './nodes.ts';

/**
 * Maximum number of nodes that all aliases of a file expand to. Ten lines of nested aliases can expand to billions; a
 * flow of 10,000 steps that share their resources stays below.
 */
export const ALIASED_NODES_MAX = 100_000;

/** The number of nodes after expanding aliases. */
interface Extent {
  nodes: number;
  /** Nesting depth of collections. */
  levels: number;
}

const ONE: Extent = { nodes: 1, levels: 0 };

/** Finds aliases that contain themselves or expand too far. */
export function checkAliases(document: Document.Parsed, report: Diagnostics): void {
  const extents = new Map<Node, Extent>();
  const open = new Set<Node>();
  let aliased = 0;

  function extentOf(node: Node | Pair | null | undefined | unknown, level: number): Extent {
    if (isPair(node)) return together([extentOf(node.key, level), extentOf(node.value, level)], 0);
    if (isAlias(node)) return extentOfAlias(node, level);
    if (!isCollection(node)) return ONE;
    const known = extents.get(node);
    if (known !== undefined) return known;
    open.add(node);
    const inner = together(
      node.items.map((item) => extentOf(item, level + 1)),
      1,
    );
    open.delete(node);
    const extent = { ...inner, levels: inner.levels + 1 };
    extents.set(node, extent);
    return extent;
  }

  function extentOfAlias(alias: Alias, level: number): Extent {
    const target = resolved(document, alias);
    if (!target) {
      const hint = `define it with "&${alias.source}" before a value; if this is text that starts with *, put it in quotes`;
      report.error('unknown-alias', spanOf(alias), `unknown alias *${alias.source}`, hint);
      return ONE;
    }
    if (open.has(target)) {
      const message = `the alias *${alias.source} contains itself`;
      report.error('circular-alias', spanOf(alias), message, 'remove the alias');
      return ONE;
    }
    const extent = extentOf(target, level);
    aliased += extent.nodes;
    if (aliased > ALIASED_NODES_MAX && !report.hasErrors) {
      const message = `the aliases of this file expand to more than ${ALIASED_NODES_MAX.toLocaleString('en')} nodes`;
      report.error('alias-bomb', spanOf(alias), message, 'write out the values instead of nesting aliases');
    }
    if (level + extent.levels > COLLECTIONS_NESTED_MAX && !report.hasErrors) {
      const message = `expanding *${alias.source} nests lists and mappings more than ${COLLECTIONS_NESTED_MAX} levels deep`;
      report.error('too-deep', spanOf(alias), message, 'write out the values instead of nesting aliases');
    }
    return extent;
  }

  extentOf(document.contents, 0);
}

function together(extents: Extent[], nodes: number): Extent {
  let levels = 0;
  for (const extent of extents) {
    nodes += extent.nodes;
    levels = Math.max(levels, extent.levels);
  }
  return { nodes, levels };
}
