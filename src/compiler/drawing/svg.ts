import stringWidth from 'fast-string-width';
import type { ForkPiece, Lane, LoopPiece, Picture, Piece, StepPiece, SwitchPiece } from './picture.ts';
import { MERGE_LABEL, ON_FAILURE } from './picture.ts';

/** All lengths in CSS pixels. */
const FONT_SIZE = 12;
/** Width of a character in a monospaced font. */
const CHAR_WIDTH = 0.6 * FONT_SIZE;
/** Distance from the middle of a line of text to its baseline. */
const BASELINE = 4;
const STEP_HEIGHT = 30;
const STEP_WIDTH_MIN = 70;
const STEP_PADDING = 14;
const STEP_RADIUS = 6;
/** Width of the bars at the sides of a flow, and slant of an action. */
const BAR_INSET = 5;
const SLANT = 10;
/** Vertical gap between consecutive elements: room for an arrow. */
const GAP = 22;
/** Gap between the columns of a folded sequence: room for the line from one column to the next. */
const FOLD_GAP = 36;
const BOX_PADDING = 12;
/** Beside a loop's steps, for the line that leads back. */
const BACK_WIDTH = 26;
/** And above and below them. */
const BACK_BEND = 12;
/** Horizontal padding of a diamond. */
const DIAMOND_POINT = 22;
const DIAMOND_HEIGHT = 36;
const TITLE_HEIGHT = 30;
const LANE_GAP = 10;
/** Offset of the second and third sheet of a foreach. */
const SHEET_OFFSET = 4;
const SHEETS_BEHIND = 2;
const MARGIN = 24;
/** Between the flow and its `onFailure` steps. */
const PART_GAP = 36;
const HEADER_HEIGHT = 40;

/** Shorter sequences are never folded. */
const FOLD_PIECES_MIN = 12;

/** Sequences up to this height, and lanes up to this width, are not folded. */
const COLUMN_HEIGHT_MIN = 900;
const ROW_WIDTH_MIN = 1_200;
/** Aspect ratio of folded parts. */
const ASPECT = 1.4;

/** Something of a known size that can be drawn at a position. */
interface Box {
  width: number;
  height: number;
  draw(x: number, y: number): string;
}

/**
 * Draws a flow as a self-contained SVG. A flow is nested, not a general graph, so its layout consists of nested
 * boxes: consecutive elements are stacked, branches are placed side by side, and long sequences are folded.
 */
export function drawSvg(picture: Picture): string {
  const parts = [sequence(picture.pieces)];
  if (picture.onFailure.length > 0) parts.push(titledBox('failure', ON_FAILURE, [], sequence(picture.onFailure)));
  const body = columnOf(parts, PART_GAP);
  const title = [picture.flow, ...picture.facts].join(' · ');
  const width = Math.ceil(Math.max(body.width, textWidth(title)) + 2 * MARGIN);
  const height = Math.ceil(body.height + HEADER_HEIGHT + 2 * MARGIN);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">`,
    `<title>${escapeXml(title)}</title>`,
    `<style>${STYLE}</style>`,
    '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8z" fill="#64748b"/></marker></defs>',
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    `<text x="${MARGIN}" y="${MARGIN + 14}"><tspan class="name">${escapeXml(picture.flow)}</tspan>${factsText(picture.facts)}</text>`,
    body.draw((width - body.width) / 2, MARGIN + HEADER_HEIGHT),
    '</svg>',
  ].join('\n');
}

const STYLE = [
  `text{font:${FONT_SIZE}px ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace;fill:#0f172a}`,
  '.name{font-size:15px;font-weight:bold}',
  '.facts{fill:#64748b}',
  '.step{fill:#fff;stroke:#475569}',
  '.action{fill:#fef9c3;stroke:#ca8a04}',
  '.flow{fill:#e0e7ff;stroke:#4f46e5}',
  '.join{fill:#dbeafe;stroke:#2563eb}',
  '.merge{fill:#f8fafc;stroke:#94a3b8;stroke-dasharray:4 3}',
  '.foreach{fill:#fff7ed;stroke:#ea580c}',
  '.branches{fill:#f0fdf4;stroke:#16a34a}',
  '.lane{fill:#fff;fill-opacity:.6;stroke:#86efac}',
  '.diamond{fill:#fae8ff;stroke:#a21caf}',
  '.switch{fill:#fdf4ff;stroke:#a21caf;stroke-dasharray:4 3}',
  '.case{fill:#fff;fill-opacity:.6;stroke:#e879f9}',
  '.loop{fill:#ecfeff;stroke:#0891b2}',
  '.failure{fill:#fef2f2;stroke:#dc2626}',
  '.edge{fill:none;stroke:#64748b;stroke-width:1.3;marker-end:url(#arrow)}',
].join('');

/** Elements stacked with arrows between them; long sequences are folded into columns, read from left to right. */
function sequence(pieces: readonly Piece[]): Box {
  const boxes = pieces.map(boxOf);
  if (boxes.length < FOLD_PIECES_MIN) return stack(boxes);
  const tall = boxes.reduce((sum, box) => sum + box.height + GAP, -GAP);
  const widest = Math.max(...boxes.map((box) => box.width));
  const limit = Math.max(COLUMN_HEIGHT_MIN, Math.sqrt((tall * (widest + FOLD_GAP)) / ASPECT));
  const columns = fold(boxes, (box) => box.height, GAP, limit);
  return columns.length === 1 ? stack(boxes) : folded(columns.map(stack));
}

function boxOf(piece: Piece): Box {
  switch (piece.kind) {
    case 'step':
      return stepBox(piece);
    case 'switch':
      return switchBox(piece);
    case 'while':
    case 'until':
      return loopBox(piece);
    default:
      return forkAndJoin(piece);
  }
}

/** A rounded box for Python, a slanted one for an action, a barred one for a flow. */
function stepBox({ does, name, facts }: StepPiece): Box {
  if (does === 'python') return pill('step', name, facts, STEP_RADIUS);
  const width = pillWidth(name, facts);
  const outline =
    does === 'action'
      ? `m${SLANT} 0h${px(width - SLANT)}l${-SLANT} ${STEP_HEIGHT}h${px(SLANT - width)}z`
      : `h${px(width)}v${STEP_HEIGHT}h${px(-width)}zm${BAR_INSET} 0v${STEP_HEIGHT}m${px(width - 2 * BAR_INSET)} 0v${-STEP_HEIGHT}`;
  return {
    width,
    height: STEP_HEIGHT,
    draw: (x, y) =>
      `<path class="${does}" d="M${px(x)} ${px(y)}${outline}"/>${centred(x + width / 2, y + STEP_HEIGHT / 2, name, facts)}`,
  };
}

/** They belong together and are not separated. */
function forkAndJoin(piece: ForkPiece): Box {
  const { join } = piece;
  const radius = STEP_HEIGHT / 2;
  const joined = join ? pill('join', join.name, join.facts, radius) : pill('merge', MERGE_LABEL, [], radius);
  return stack([forkBox(piece), joined]);
}

function pill(kind: string, name: string, facts: readonly string[], radius: number): Box {
  const width = pillWidth(name, facts);
  return {
    width,
    height: STEP_HEIGHT,
    draw: (x, y) =>
      rect(kind, x, y, width, STEP_HEIGHT, radius) + centred(x + width / 2, y + STEP_HEIGHT / 2, name, facts),
  };
}

function pillWidth(name: string, facts: readonly string[]): number {
  return Math.max(STEP_WIDTH_MIN, textWidth([name, ...facts].join(' · ')) + 2 * STEP_PADDING);
}

function forkBox({ kind, title, facts, lanes }: ForkPiece): Box {
  const inner = laneRows(lanes, 'lane');
  const { width, height } = titledBox(kind, title, facts, inner);
  const sheets = kind === 'foreach' ? SHEETS_BEHIND : 0;
  return {
    width: width + sheets * SHEET_OFFSET,
    height: height + sheets * SHEET_OFFSET,
    draw(x, y) {
      const behind = Array.from({ length: sheets }, (_, index) => (sheets - index) * SHEET_OFFSET);
      const sheetsBehind = behind.map((offset) => rect(kind, x + offset, y + offset, width, height, 8));
      return [...sheetsBehind, titledBox(kind, title, facts, inner).draw(x, y)].join('\n');
    },
  };
}

/** A decision with its cases below it. */
function switchBox({ title, facts, lanes }: SwitchPiece): Box {
  return stack([diamond(title, facts), framed('switch', laneRows(lanes, 'case'))]);
}

function diamond(title: string, facts: readonly string[]): Box {
  const width = textWidth([title, ...facts].join(' · ')) + 2 * DIAMOND_POINT;
  const [across, half] = [width - 2 * DIAMOND_POINT, DIAMOND_HEIGHT / 2];
  return {
    width,
    height: DIAMOND_HEIGHT,
    draw(x, y) {
      const corners = `l${DIAMOND_POINT} ${-half}h${px(across)}l${DIAMOND_POINT} ${half}l${-DIAMOND_POINT} ${half}h${px(-across)}z`;
      return `<path class="diamond" d="M${px(x)} ${px(y + half)}${corners}"/>${centred(x + width / 2, y + half, title, facts)}`;
    },
  };
}

/** A loop's steps in a box, labelled at the side where the condition is tested, with a line back. */
function loopBox({ kind, title, facts, pieces }: LoopPiece): Box {
  const steps = sequence(pieces);
  const inner: Box = {
    width: steps.width + 2 * BACK_WIDTH,
    height: steps.height + 2 * BACK_BEND,
    draw(x, y) {
      const [middle, right] = [x + BACK_WIDTH + steps.width / 2, x + 2 * BACK_WIDTH + steps.width - BACK_WIDTH / 2];
      const [head, foot] = [y + BACK_BEND, y + BACK_BEND + steps.height];
      const back = `M${px(middle)} ${px(foot)}v${BACK_BEND / 2}H${px(right)}V${px(y)}H${px(middle)}V${px(head)}`;
      return `${steps.draw(x + BACK_WIDTH, head)}\n${edge(back)}`;
    },
  };
  return titledBox('loop', title, facts, inner, kind === 'while' ? 'top' : 'foot');
}

/** Lanes side by side, in as many rows as a reasonable shape needs. */
function laneRows(lanes: readonly Lane[], kind: 'lane' | 'case'): Box {
  const parts = lanes.map(({ name, pieces }) => {
    const inner = pieces.length === 0 ? PASSING : sequence(pieces);
    return name === undefined ? inner : titledBox(kind, name, [], inner);
  });
  const area = parts.reduce((sum, part) => sum + (part.width + LANE_GAP) * (part.height + LANE_GAP), 0);
  const rows = fold(parts, (part) => part.width, LANE_GAP, Math.max(ROW_WIDTH_MIN, Math.sqrt(area * ASPECT)));
  return columnOf(
    rows.map((row) => rowOf(row, LANE_GAP)),
    LANE_GAP,
  );
}

/** An empty case. */
const PASSING: Box = {
  width: STEP_WIDTH_MIN,
  height: STEP_HEIGHT,
  draw: (x, y) => edge(`M${px(x + STEP_WIDTH_MIN / 2)} ${px(y)}v${STEP_HEIGHT}`),
};

function titledBox(kind: string, title: string, facts: readonly string[], inner: Box, at: 'top' | 'foot' = 'top'): Box {
  const width = Math.max(inner.width, textWidth([title, ...facts].join(' · '))) + 2 * BOX_PADDING;
  const height = inner.height + TITLE_HEIGHT + BOX_PADDING;
  return {
    width,
    height,
    draw(x, y) {
      const [words, body] = at === 'top' ? [y + 19, y + TITLE_HEIGHT] : [y + height - 11, y + BOX_PADDING];
      return [
        rect(kind, x, y, width, height, 8),
        `<text x="${px(x + BOX_PADDING)}" y="${px(words)}">${escapeXml(title)}${factsText(facts)}</text>`,
        inner.draw(x + (width - inner.width) / 2, body),
      ].join('\n');
    },
  };
}

/** In an untitled box. */
function framed(kind: string, inner: Box): Box {
  const [width, height] = [inner.width + 2 * LANE_GAP, inner.height + 2 * LANE_GAP];
  return {
    width,
    height,
    draw: (x, y) => `${rect(kind, x, y, width, height, 8)}\n${inner.draw(x + LANE_GAP, y + LANE_GAP)}`,
  };
}

/** Stacked, with arrows. */
function stack(boxes: readonly Box[]): Box {
  const column = columnOf(boxes, GAP);
  return {
    ...column,
    draw(x, y) {
      const middle = x + column.width / 2;
      let foot = y;
      const edges = boxes.slice(0, -1).map((box) => {
        foot += box.height + GAP;
        return edge(`M${px(middle)} ${px(foot - GAP)}V${px(foot)}`);
      });
      return [column.draw(x, y), ...edges].join('\n');
    },
  };
}

function columnOf(boxes: readonly Box[], gap: number): Box {
  const width = Math.max(0, ...boxes.map((box) => box.width));
  return {
    width,
    height: boxes.reduce((sum, box) => sum + box.height + gap, -gap),
    draw(x, y) {
      let top = y;
      const drawn: string[] = [];
      for (const box of boxes) {
        drawn.push(box.draw(x + (width - box.width) / 2, top));
        top += box.height + gap;
      }
      return drawn.join('\n');
    },
  };
}

function rowOf(boxes: readonly Box[], gap: number): Box {
  return {
    width: boxes.reduce((sum, box) => sum + box.width + gap, -gap),
    height: Math.max(0, ...boxes.map((box) => box.height)),
    draw(x, y) {
      let left = x;
      const drawn: string[] = [];
      for (const box of boxes) {
        drawn.push(box.draw(left, y));
        left += box.width + gap;
      }
      return drawn.join('\n');
    },
  };
}

/** Side by side, with a line from the bottom of each to the top of the next, and room for it above and below. */
function folded(boxes: readonly Box[]): Box {
  const bend = GAP / 2;
  const row = rowOf(boxes, FOLD_GAP);
  return {
    width: row.width,
    height: row.height + 2 * bend,
    draw(x, y) {
      const top = y + bend;
      let left = x;
      const edges = boxes.slice(0, -1).map((box, index) => {
        const next = boxes[index + 1] as Box;
        const right = left + box.width;
        const head = right + FOLD_GAP + next.width / 2;
        const path = `M${px(left + box.width / 2)} ${px(top + box.height)}v${bend}H${px(right + FOLD_GAP / 2)}V${px(y)}H${px(head)}V${px(top)}`;
        left = right + FOLD_GAP;
        return edge(path);
      });
      return [row.draw(x, top), ...edges].join('\n');
    },
  };
}

/** Splits a list into as few parts of similar size as the limit allows. */
function fold(boxes: readonly Box[], sizeOf: (box: Box) => number, gap: number, limit: number): Box[][] {
  const count = cut(boxes, sizeOf, gap, limit).length;
  let [tooSmall, enough] = [0, limit];
  while (enough - tooSmall > 1) {
    const middle = (tooSmall + enough) / 2;
    if (cut(boxes, sizeOf, gap, middle).length > count) tooSmall = middle;
    else enough = middle;
  }
  return cut(boxes, sizeOf, gap, enough);
}

function cut(boxes: readonly Box[], sizeOf: (box: Box) => number, gap: number, limit: number): Box[][] {
  const parts: Box[][] = [];
  let size = 0;
  for (const box of boxes) {
    const more = sizeOf(box) + gap;
    if (parts.length === 0 || size + more - gap > limit) {
      parts.push([]);
      size = 0;
    }
    parts.at(-1)?.push(box);
    size += more;
  }
  return parts;
}

function rect(kind: string, x: number, y: number, width: number, height: number, radius: number): string {
  return `<rect class="${kind}" x="${px(x)}" y="${px(y)}" width="${px(width)}" height="${px(height)}" rx="${radius}"/>`;
}

function centred(x: number, y: number, name: string, facts: readonly string[]): string {
  return `<text x="${px(x)}" y="${px(y + BASELINE)}" text-anchor="middle">${escapeXml(name)}${factsText(facts)}</text>`;
}

function factsText(facts: readonly string[]): string {
  if (facts.length === 0) return '';
  return `<tspan class="facts" dx="${px(CHAR_WIDTH)}">· ${escapeXml(facts.join(' · '))}</tspan>`;
}

function edge(path: string): string {
  return `<path class="edge" d="${path}"/>`;
}

function textWidth(text: string): number {
  return stringWidth(text) * CHAR_WIDTH;
}

/** Tenths are precise enough. */
function px(length: number): string {
  return String(Math.round(length * 10) / 10);
}

function escapeXml(text: string): string {
  return text.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`);
}
