import type { ForkPiece, LoopPiece, Picture, Piece, StepPiece, SwitchPiece } from './picture.ts';
import { MERGE_LABEL, ON_FAILURE } from './picture.ts';

/** Writes a flow as a Mermaid flowchart: forks are subgraphs, a foreach is drawn once, and decisions are diamonds. */
export function drawMermaid(picture: Picture): string {
  return new Writer().write(picture);
}

/** The source of an edge, with an optional label. */
interface Exit {
  from: string;
  label?: string;
}

/** First and last nodes of a part. */
interface Ends {
  entries: string[];
  exits: Exit[];
}

const SHAPES: Record<StepPiece['does'], readonly [open: string, close: string]> = {
  python: ['[', ']'],
  action: ['[/', '/]'],
  flow: ['[[', ']]'],
};

class Writer {
  readonly #lines: string[] = [];
  readonly #edges: string[] = [];
  #nodes = 0;
  #clusters = 0;

  write({ flow, facts, pieces, onFailure }: Picture): string {
    const { exits } = this.#sequence(pieces, '  ');
    // If a decision comes last, its outcomes must lead somewhere.
    if (exits.some(({ label }) => label !== undefined))
      this.#connect(exits, [this.#node('  ', `([${quote(['end'])}])`)]);
    if (onFailure.length > 0) {
      this.#open([ON_FAILURE], '  ');
      this.#sequence(onFailure, '    ');
      this.#lines.push('  end');
    }
    const title = JSON.stringify([flow, ...facts].join(' · '));
    const head = ['---', `title: ${title}`, '---', 'flowchart TD'];
    return [...head, ...this.#lines, ...this.#edges].join('\n');
  }

  #sequence(pieces: readonly Piece[], indent: string): Ends {
    let entries: string[] | undefined;
    let exits: Exit[] = [];
    for (const piece of pieces) {
      const part = this.#piece(piece, indent);
      this.#connect(exits, part.entries);
      entries ??= part.entries;
      exits = part.exits;
    }
    return { entries: entries ?? [], exits };
  }

  #piece(piece: Piece, indent: string): Ends {
    switch (piece.kind) {
      case 'step':
        return this.#step(piece, indent);
      case 'switch':
        return this.#switch(piece, indent);
      case 'while':
        return this.#while(piece, indent);
      case 'until':
        return this.#until(piece, indent);
      default:
        return this.#fork(piece, indent);
    }
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
    const joined = this.#node(indent, join ? `{{${quote([join.name, ...join.facts])}}}` : `(${quote([MERGE_LABEL])})`);
    for (const { exits } of parts) this.#connect(exits, [joined]);
    return { entries: parts.flatMap(({ entries }) => entries), exits: [{ from: joined }] };
  }

  #switch({ title, facts, lanes }: SwitchPiece, indent: string): Ends {
    const decision = this.#decision([title, ...facts], indent);
    const exits = lanes.flatMap(({ name = '', pieces }) => {
      const taken = { from: decision, label: name };
      if (pieces.length === 0) return [taken];
      const part = this.#sequence(pieces, indent);
      this.#connect([taken], part.entries);
      return part.exits;
    });
    return { entries: [decision], exits };
  }

  #while({ title, facts, pieces }: LoopPiece, indent: string): Ends {
    const decision = this.#decision([title, ...facts], indent);
    const turn = this.#sequence(pieces, indent);
    this.#connect([{ from: decision, label: 'turn' }], turn.entries);
    this.#connect(turn.exits, [decision]);
    return { entries: [decision], exits: [{ from: decision, label: 'done' }] };
  }

  #until({ title, facts, pieces }: LoopPiece, indent: string): Ends {
    const turn = this.#sequence(pieces, indent);
    const decision = this.#decision([title, ...facts], indent);
    this.#connect(turn.exits, [decision]);
    this.#connect([{ from: decision, label: 'turn' }], turn.entries);
    return { entries: turn.entries, exits: [{ from: decision, label: 'done' }] };
  }

  #step({ does, name, facts }: StepPiece, indent: string): Ends {
    const [open, close] = SHAPES[does];
    const id = this.#node(indent, `${open}${quote([name, ...facts])}${close}`);
    return { entries: [id], exits: [{ from: id }] };
  }

  #decision(words: readonly string[], indent: string): string {
    return this.#node(indent, `{${quote(words)}}`);
  }

  #node(indent: string, shape: string): string {
    const id = `n${++this.#nodes}`;
    this.#lines.push(`${indent}${id}${shape}`);
    return id;
  }

  #open(words: readonly string[], indent: string): void {
    this.#lines.push(`${indent}subgraph c${++this.#clusters}[${quote(words)}]`);
  }

  #connect(from: readonly Exit[], to: readonly string[]): void {
    if (to.length === 0) return;
    const plain = from.filter(({ label }) => label === undefined).map((exit) => exit.from);
    if (plain.length > 0) this.#edges.push(`  ${plain.join(' & ')} --> ${to.join(' & ')}`);
    for (const exit of from) {
      if (exit.label !== undefined) this.#edges.push(`  ${exit.from} -->|${quote([exit.label])}| ${to.join(' & ')}`);
    }
  }
}

/** Mermaid's entity codes, because a label can contain any character. */
function quote(words: readonly string[]): string {
  const text = words.join(' · ').replace(/[#"<>&`\\|]/g, (char) => `#${char.codePointAt(0)};`);
  return `"${text}"`;
}
