import stringWidth from 'fast-string-width';
import type { Palette } from '../../base/terminal/palette.ts';
import { shortened } from './labels.ts';
import type { ForkPiece, LoopPiece, Picture, Piece, StepPiece, SwitchPiece } from './picture.ts';
import { MERGE_LABEL, ON_FAILURE } from './picture.ts';

/** Above this number of steps, consecutive steps share lines. */
const STEPS_ONE_A_LINE_MAX = 40;

/** Minimum number of columns for steps, however deeply a box is nested. */
const INNER_COLUMNS_MIN = 24;

/** Left and right border of a box, including space. */
const BORDER_COLUMNS = 5;
/** Width of the line that leads back in a loop. */
const BACK_COLUMNS = 3;

/** Width around a step on a shared line. */
const CHAIN_COLUMNS = 4;

/** Between branches, which all run, and between cases, of which one runs. */
const SEPARATORS = { foreach: ' │ ', branches: ' │ ', switch: ' ┊ ' } as const;

const MARKS: Record<StepPiece['does'], string> = { python: '○', action: '▷', flow: '▣' };

/** An empty case. */
const PASS = '↓';

/** Lines of text; the widest one has `columns` columns. */
interface Block {
  lines: string[];
  columns: number;
}

/** Text in the upper and lower border of a box. */
interface Borders {
  top?: string;
  foot?: string;
}

/**
 * Draws a flow in lines of text:
 *
 * ```
 * TitlesFlow · 5 steps · each 512 MB, 2m
 *
 * ○ start
 * ├─ foreach title in titles · 3 at once ─╮
 * │  ○ shout                              │
 * ├───────────────────────────────────────╯
 * ◆ collect
 * ├─ while self.error > 0.01 · no limit ─╮
 * │  ╭▸ ○ refine                         │
 * │  ╰─ ○ measure                        │
 * ├──────────────────────────────────────╯
 * ├─ switch best · others fail ──╮
 * │  [linear]  ┊ [forest]        │
 * │  ○ explain ┊ ↓               │
 * ├──────────────────────────────╯
 * ▷ notify (/whisk.system/utils/echo)
 * ```
 *
 * Branches and cases lie side by side where the columns allow it.
 */
export function drawTerminal(picture: Picture, columns: number, palette: Palette): string {
  const { flow, facts, pieces, onFailure } = picture;
  const isCompact = countSteps(pieces) > STEPS_ONE_A_LINE_MAX;
  const draughtsman = new Draughtsman(isCompact);
  const lines = draughtsman.sequence(pieces, columns).lines;
  if (onFailure.length > 0) lines.push('', ...draughtsman.alone({ top: ON_FAILURE }, onFailure, columns));
  const title = [palette.bold(flow), ...facts].join(' · ');
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
      lines.push(
        ...(this.#isCompact ? chain(run, columns) : run.flatMap((step) => stepLines(MARKS[step.does], step, columns))),
      );
      run = [];
    };
    for (const [index, piece] of pieces.entries()) {
      if (piece.kind === 'step') {
        run.push(piece);
        continue;
      }
      flush();
      const place = { isFirst: lines.length === 0, isLast: index === pieces.length - 1 };
      lines.push(...this.#box(piece, columns, place));
    }
    flush();
    return blockOf(lines);
  }

  /** A box without connections. */
  alone(borders: Borders, pieces: readonly Piece[], columns: number): string[] {
    const block = this.sequence(pieces, available(columns));
    return boxed(borders, [block], { isFirst: true, isLast: true });
  }

  #box(piece: Exclude<Piece, StepPiece>, columns: number, { isFirst, isLast }: Place): string[] {
    const { words, below } = titled(piece, available(columns) - 1);
    if ('pieces' in piece) {
      const rows = [...below, this.#turn(piece, columns)];
      const borders = piece.kind === 'while' ? { top: words } : { top: 'repeat', foot: words };
      return boxed(borders, rows, { isFirst, isLast });
    }
    const rows = [...below, ...this.#rows(piece, available(columns))];
    if (piece.kind === 'switch') return boxed({ top: words }, rows, { isFirst, isLast });
    const join = piece.join ? stepLines('◆', piece.join, columns) : [`◇ ${MERGE_LABEL}`];
    return [...boxed({ top: words }, rows, { isFirst, isLast: false }), ...join];
  }

  /** A loop's steps with the line from the last to the first. */
  #turn({ pieces }: LoopPiece, columns: number): Block {
    const { lines } = this.sequence(pieces, Math.max(INNER_COLUMNS_MIN, available(columns) - BACK_COLUMNS));
    const last = lines.length - 1;
    if (last === 0) return blockOf(lines.map((line) => `↻  ${line}`));
    return blockOf(lines.map((line, index) => `${index === 0 ? '╭▸ ' : index === last ? '╰─ ' : '│  '}${line}`));
  }

  /** Maximum number of attempts, if there can be several. */
  #rows({ kind, lanes }: ForkPiece | SwitchPiece, columns: number): Block[] {
    const rows: Block[] = [];
    for (const { name, pieces } of lanes) {
      const { lines } = pieces.length === 0 ? blockOf([PASS]) : this.sequence(pieces, columns);
      const lane = blockOf(name === undefined ? lines : [`[${name}]`, ...lines]);
      const last = rows.at(-1);
      const separator = SEPARATORS[kind];
      if (last && last.columns + separator.length + lane.columns <= columns) {
        rows[rows.length - 1] = beside(last, separator, lane);
      } else rows.push(lane);
    }
    return rows;
  }
}

/** Whether something precedes or follows a box. */
interface Place {
  isFirst: boolean;
  isLast: boolean;
}

/** Splits text into what fits into the border of a box and what does not. */
function titled(
  { title, facts }: { title: string; facts: readonly string[] },
  columns: number,
): { words: string; below: Block[] } {
  const words = [title, ...facts].join(' · ');
  if (stringWidth(words) <= columns) return { words, below: [] };
  return { words: shortened(title, columns), below: [blockOf(facts.map((fact) => shortened(fact, columns)))] };
}

function boxed({ top, foot }: Borders, rows: readonly Block[], { isFirst, isLast }: Place): string[] {
  const [head, tail] = [border(top), border(foot)];
  const width = Math.max(stringWidth(head) - 1, stringWidth(tail) - 1, ...rows.map((row) => row.columns));
  const inner = rows.flatMap(({ lines }, index) => [...(index === 0 ? [] : ['╌'.repeat(width)]), ...lines]);
  return [
    `${isFirst ? '╭' : '├'}─${head}${'─'.repeat(width + 1 - stringWidth(head))}─╮`,
    ...inner.map((line) => `│  ${pad(line, width)} │`),
    `${isLast ? '╰' : '├'}─${tail}${'─'.repeat(width + 1 - stringWidth(tail))}─╯`,
  ];
}

function border(words: string | undefined): string {
  return words === undefined ? '' : ` ${words} `;
}

function available(columns: number): number {
  return Math.max(INNER_COLUMNS_MIN, columns - BORDER_COLUMNS);
}

/** `○ load → clean → train`, wrapped at full lines. */
function chain(steps: readonly StepPiece[], columns: number): string[] {
  const lines: string[] = [];
  for (const step of steps) {
    const last = lines.at(-1);
    const marked = `${MARKS[step.does]} ${label(step)}`;
    const named = shortened(step.does === 'python' ? label(step) : marked, columns - CHAIN_COLUMNS);
    const next = ` → ${named}`;
    // Leaves room for the arrow to the next line.
    if (last === undefined) lines.push(shortened(marked, columns - CHAIN_COLUMNS + 2));
    else if (stringWidth(last + next) + 2 <= columns) lines[lines.length - 1] = last + next;
    else {
      lines[lines.length - 1] = `${last} →`;
      lines.push(`│ ${named}`);
    }
  }
  return lines;
}

function beside(left: Block, separator: string, right: Block): Block {
  const height = Math.max(left.lines.length, right.lines.length);
  return blockOf(
    Array.from(
      { length: height },
      (_, index) => `${pad(left.lines[index] ?? '', left.columns)}${separator}${right.lines[index] ?? ''}`,
    ),
  );
}

function blockOf(lines: string[]): Block {
  return { lines, columns: Math.max(0, ...lines.map((line) => stringWidth(line))) };
}

/** Facts go to a separate line if they do not fit behind the name. */
function stepLines(mark: string, step: StepPiece, columns: number): string[] {
  const line = `${mark} ${label(step)}`;
  if (stringWidth(line) <= columns) return [line];
  return [`${mark} ${shortened(step.name, columns - 2)}`, `    ${shortened(step.facts.join(', '), columns - 4)}`];
}

function label({ name, facts }: StepPiece): string {
  return facts.length === 0 ? name : `${name} (${facts.join(', ')})`;
}

function pad(line: string, columns: number): string {
  return line + ' '.repeat(Math.max(0, columns - stringWidth(line)));
}

function countSteps(pieces: readonly Piece[]): number {
  let count = 0;
  for (const piece of pieces) {
    if (piece.kind === 'step') count += 1;
    else if ('pieces' in piece) count += countSteps(piece.pieces);
    else for (const lane of piece.lanes) count += 1 + countSteps(lane.pieces);
  }
  return count;
}

/** Dims borders and highlights marks. */
function paint(line: string, palette: Palette): string {
  return line
    .replace(/[│┊├╭╮╰╯─╌→▸]+/g, (drawn) => palette.dim(drawn))
    .replace(/\[[^\]]*\]/g, (name) => palette.cyan(name))
    .replace(/[○▷▣◆◇↻↓]/g, (mark) => palette.green(mark));
}
