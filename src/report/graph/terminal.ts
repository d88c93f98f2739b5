import type { Palette } from '../../terminal/palette.ts';
import { columnsOf } from '../../terminal/text-width.ts';
import { type ForkPiece, MERGE, type Picture, type Piece, type StepPiece } from './picture.ts';

/** Above this many steps those that follow one another share lines. */
const STEPS_ONE_A_LINE_MAX = 40;

/** However deep a fork lies, its steps get this many columns. */
const INNER_COLUMNS_MIN = 24;

/** Left and right border of a fork with their space. */
const BORDER_COLUMNS = 5;

const SEPARATOR = ' │ ';

/** Lines of text; the widest of them is `columns` wide. */
interface Block {
  lines: string[];
  columns: number;
}

/**
 * Draws a flow in lines of text:
 *
 * ```
 * TitlesFlow · 3 steps · 512 MB · 2m
 *
 * ○ start
 * ├─ foreach title in titles · 3 at once ─╮
 * │  ○ shout                              │
 * ├───────────────────────────────────────╯
 * ◆ collect
 * ```
 *
 * Branches lie side by side where the columns allow it.
 */
export function drawTerminal(picture: Picture, columns: number, palette: Palette): string {
  const isCompact = countSteps(picture.pieces) > STEPS_ONE_A_LINE_MAX;
  const { lines } = new Draughtsman(isCompact).sequence(picture.pieces, columns);
  const title = [palette.bold(picture.flow), ...picture.facts].join(' · ');
  return [title, '', ...lines.map((line) => paint(line.trimEnd(), palette))].join('\n');
}

class Draughtsman {
  readonly #isCompact: boolean;

  constructor(isCompact: boolean) {
    this.#isCompact = isCompact;
  }

  sequence(pieces: readonly Piece[], columns: number): Block {
    const lines: string[] = [];
    let run: StepPiece[] = [];
    const flush = () => {
      lines.push(...(this.#isCompact ? chain(run, columns) : run.map((step) => `○ ${label(step)}`)));
      run = [];
    };
    for (const piece of pieces) {
      if (piece.kind === 'step') {
        run.push(piece);
        continue;
      }
      flush();
      lines.push(...this.#fork(piece, columns, lines.length === 0));
    }
    flush();
    return blockOf(lines);
  }

  #fork(fork: ForkPiece, columns: number, isFirst: boolean): string[] {
    const title = ` ${[fork.title, ...fork.facts].join(' · ')} `;
    const available = Math.max(INNER_COLUMNS_MIN, columns - BORDER_COLUMNS);
    const rows = this.#rows(fork, available);
    const width = Math.max(columnsOf(title) - 1, ...rows.map((row) => row.columns));
    const inner = rows.flatMap(({ lines }, index) => [...(index === 0 ? [] : ['╌'.repeat(width)]), ...lines]);
    return [
      `${isFirst ? '╭' : '├'}─${title}${'─'.repeat(width + 1 - columnsOf(title))}─╮`,
      ...inner.map((line) => `│  ${pad(line, width)} │`),
      `├${'─'.repeat(width + 3)}╯`,
      fork.join ? `◆ ${label(fork.join)}` : `◇ ${MERGE}`,
    ];
  }

  /** The lanes, as many side by side as there is room for. */
  #rows({ lanes }: ForkPiece, columns: number): Block[] {
    const rows: Block[] = [];
    for (const { name, pieces } of lanes) {
      const { lines } = this.sequence(pieces, columns);
      const lane = blockOf(name === undefined ? lines : [`[${name}]`, ...lines]);
      const last = rows.at(-1);
      if (last && last.columns + SEPARATOR.length + lane.columns <= columns) rows[rows.length - 1] = beside(last, lane);
      else rows.push(lane);
    }
    return rows;
  }
}

/** `○ load → clean → train`, broken where a line is full. */
function chain(steps: readonly StepPiece[], columns: number): string[] {
  const lines: string[] = [];
  for (const step of steps) {
    const last = lines.at(-1);
    const next = ` → ${label(step)}`;
    // Room is left for the arrow that leads on to the next line.
    if (last === undefined) lines.push(`○ ${label(step)}`);
    else if (columnsOf(last + next) + 2 <= columns) lines[lines.length - 1] = last + next;
    else {
      lines[lines.length - 1] = `${last} →`;
      lines.push(`│ ${label(step)}`);
    }
  }
  return lines;
}

function beside(left: Block, right: Block): Block {
  const height = Math.max(left.lines.length, right.lines.length);
  return blockOf(
    Array.from(
      { length: height },
      (_, index) => `${pad(left.lines[index] ?? '', left.columns)}${SEPARATOR}${right.lines[index] ?? ''}`,
    ),
  );
}

function blockOf(lines: string[]): Block {
  return { lines, columns: Math.max(0, ...lines.map(columnsOf)) };
}

function label({ name, facts }: StepPiece): string {
  return facts.length === 0 ? name : `${name} (${facts.join(', ')})`;
}

function pad(line: string, columns: number): string {
  return line + ' '.repeat(Math.max(0, columns - columnsOf(line)));
}

function countSteps(pieces: readonly Piece[]): number {
  let count = 0;
  for (const piece of pieces) {
    if (piece.kind === 'step') count += 1;
    else for (const lane of piece.lanes) count += 1 + countSteps(lane.pieces);
  }
  return count;
}

/** Borders stand back, marks stand out. */
function paint(line: string, palette: Palette): string {
  return line
    .replace(/[│├╭╮╰╯─╌→]+/g, (border) => palette.dim(border))
    .replace(/\[[^\]]*\]/g, (name) => palette.cyan(name))
    .replace(/[○◆◇]/g, (mark) => palette.green(mark));
}
