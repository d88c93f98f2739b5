import { type ForkPiece, MERGE, type Picture, type Piece, type StepPiece } from './picture.ts';

/** Writes a flow as a Mermaid flowchart: forks are subgraphs, a foreach's is drawn as one item's. */
export function drawMermaid(picture: Picture): string {
  return new Writer().write(picture);
}

/** Ids of the nodes where a part is entered and left. */
interface Ends {
  entries: string[];
  exits: string[];
}

class Writer {
  readonly #lines: string[] = [];
  readonly #edges: string[] = [];
  #nodes = 0;
  #clusters = 0;

  write({ flow, facts, pieces }: Picture): string {
    this.#sequence(pieces, '  ');
    const title = JSON.stringify([flow, ...facts].join(' · '));
    const head = ['---', `title: ${title}`, '---', 'flowchart TD'];
    return [...head, ...this.#lines, ...this.#edges].join('\n');
  }

  #sequence(pieces: readonly Piece[], indent: string): Ends {
    let entries: string[] | undefined;
    let exits: string[] = [];
    for (const piece of pieces) {
      const part = piece.kind === 'step' ? this.#step(piece, indent) : this.#fork(piece, indent);
      this.#connect(exits, part.entries);
      entries ??= part.entries;
      exits = part.exits;
    }
    return { entries: entries ?? [], exits };
  }

  #fork({ title, facts, lanes, join }: ForkPiece, indent: string): Ends {
    this.#open([title, ...facts], indent);
    const inner = `${indent}  `;
    const parts = lanes.map(({ name, pieces }) => {
      if (name === undefined) return this.#sequence(pieces, inner);
      this.#open([name], inner);
      const part = this.#sequence(pieces, `${inner}  `);
      this.#lines.push(`${inner}end`);
      return part;
    });
    this.#lines.push(`${indent}end`);
    const joined = this.#node(indent, join ? `{{${quote([join.name, ...join.facts])}}}` : `(${quote([MERGE])})`);
    for (const { exits } of parts) this.#connect(exits, [joined]);
    return { entries: parts.flatMap(({ entries }) => entries), exits: [joined] };
  }

  #step({ name, facts }: StepPiece, indent: string): Ends {
    const id = this.#node(indent, `[${quote([name, ...facts])}]`);
    return { entries: [id], exits: [id] };
  }

  #node(indent: string, shape: string): string {
    const id = `n${++this.#nodes}`;
    this.#lines.push(`${indent}${id}${shape}`);
    return id;
  }

  #open(words: readonly string[], indent: string): void {
    this.#lines.push(`${indent}subgraph c${++this.#clusters}[${quote(words)}]`);
  }

  #connect(from: readonly string[], to: readonly string[]): void {
    if (from.length > 0 && to.length > 0) this.#edges.push(`  ${from.join(' & ')} --> ${to.join(' & ')}`);
  }
}

/** Mermaid's own entity codes: a label may hold anything. */
function quote(words: readonly string[]): string {
  const text = words.join(' · ').replace(/[#"<>&`\\]/g, (char) => `#${char.codePointAt(0)};`);
  return `"${text}"`;
}
