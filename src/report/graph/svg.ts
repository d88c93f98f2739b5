import { columnsOf } from '../../terminal/text-width.ts';
import { type ForkPiece, MERGE, type Picture, type Piece } from './picture.ts';

/** All lengths in CSS pixels. */
const FONT_SIZE = 12;
/** Of a monospaced font. */
const CHAR_WIDTH = 0.6 * FONT_SIZE;
const STEP_HEIGHT = 30;
const STEP_WIDTH_MIN = 70;
const STEP_PADDING = 14;
/** Between what follows one another: room for an arrow. */
const GAP = 22;
/** Between columns of a sequence that is folded: room for a line from the foot of one to the head of the next. */
const FOLD_GAP = 36;
const FORK_PADDING = 14;
const TITLE_HEIGHT = 30;
const LANE_PADDING = 10;
const LANE_GAP = 10;
/** How far the second and third sheet of a foreach lie behind the first. */
const SHEET_OFFSET = 4;
const SHEETS_BEHIND = 2;
const MARGIN = 24;
const HEADER_HEIGHT = 40;

/** Shorter sequences are not folded, however tall their forks are. */
const FOLD_PIECES_MIN = 12;

/** A sequence up to this tall, and lanes up to this wide, are not folded. */
const COLUMN_HEIGHT_MIN = 900;
const ROW_WIDTH_MIN = 1_200;
/** Width to height of what is folded. */
const ASPECT = 1.4;

/** Something with a size that can be drawn with its upper left corner at a place. */
interface Box {
  width: number;
  height: number;
  draw(x: number, y: number): string;
}

/**
 * Draws a flow as an SVG that needs nothing else. A flow is nested, not a general graph, so boxes in boxes are its layout: what
 * follows one another lies below, branches lie side by side, and what would grow out of shape is folded.
 */
export function drawSvg(picture: Picture): string {
  const body = sequence(picture.pieces);
  const title = [picture.flow, ...picture.facts].join(' · ');
  const width = Math.ceil(Math.max(body.width, textWidth(title)) + 2 * MARGIN);
  const height = Math.ceil(body.height + HEADER_HEIGHT + 2 * MARGIN);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">`,
    `<title>${escapeXml(title)}</title>`,
    `<style>${STYLE}</style>`,
    '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8z" fill="#64748b"/></marker></defs>',
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    `<text x="${MARGIN}" y="${MARGIN + 14}"><tspan class="flow">${escapeXml(picture.flow)}</tspan>${factsText(picture.facts)}</text>`,
    body.draw((width - body.width) / 2, MARGIN + HEADER_HEIGHT),
    '</svg>',
  ].join('\n');
}

const STYLE = [
  `text{font:${FONT_SIZE}px ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace;fill:#0f172a}`,
  '.flow{font-size:15px;font-weight:bold}',
  '.facts{fill:#64748b}',
  '.step{fill:#fff;stroke:#475569}',
  '.join{fill:#dbeafe;stroke:#2563eb}',
  '.merge{fill:#f8fafc;stroke:#94a3b8;stroke-dasharray:4 3}',
  '.foreach{fill:#fff7ed;stroke:#ea580c}',
  '.branches{fill:#f0fdf4;stroke:#16a34a}',
  '.lane{fill:#fff;fill-opacity:.6;stroke:#86efac}',
  '.edge{fill:none;stroke:#64748b;stroke-width:1.3;marker-end:url(#arrow)}',
].join('');

/** One below the other with arrows between them; too many are folded into columns, read from left to right. */
function sequence(pieces: readonly Piece[]): Box {
  const boxes = pieces.map(boxOf);
  if (boxes.length < FOLD_PIECES_MIN) return stack(boxes);
  const tall = boxes.reduce((sum, box) => sum + box.height + GAP, -GAP);
  const widest = Math.max(...boxes.map((box) => box.width));
  const limit = Math.max(COLUMN_HEIGHT_MIN, Math.sqrt((tall * (widest + FOLD_GAP)) / ASPECT));
  const columns = fold(boxes, (box) => box.height, GAP, limit);
  return columns.length === 1 ? stack(boxes) : folded(columns.map(stack));
}

/** A fork and its join are one, and stay together. */
function boxOf(piece: Piece): Box {
  if (piece.kind === 'step') return pill('step', piece.name, piece.facts);
  const { join } = piece;
  return stack([forkBox(piece), join ? pill('join', join.name, join.facts) : pill('merge', MERGE, [])]);
}

function pill(kind: 'step' | 'join' | 'merge', name: string, facts: readonly string[]): Box {
  const text = [name, ...facts].join(' · ');
  const width = Math.max(STEP_WIDTH_MIN, textWidth(text) + 2 * STEP_PADDING);
  return {
    width,
    height: STEP_HEIGHT,
    draw: (x, y) =>
      `${rect(kind, x, y, width, STEP_HEIGHT, kind === 'step' ? 6 : STEP_HEIGHT / 2)}<text x="${px(x + width / 2)}" y="${px(y + 19)}" text-anchor="middle">${escapeXml(name)}${factsText(facts)}</text>`,
  };
}

function forkBox({ kind, title, facts, lanes }: ForkPiece): Box {
  const parts = lanes.map(({ name, pieces }) =>
    name === undefined ? sequence(pieces) : laneBox(name, sequence(pieces)),
  );
  const area = parts.reduce((sum, part) => sum + (part.width + LANE_GAP) * (part.height + LANE_GAP), 0);
  const rows = fold(parts, (part) => part.width, LANE_GAP, Math.max(ROW_WIDTH_MIN, Math.sqrt(area * ASPECT)));
  const inner = columnOf(
    rows.map((row) => rowOf(row, LANE_GAP)),
    LANE_GAP,
  );
  const heading = [title, ...facts].join(' · ');
  const sheets = kind === 'foreach' ? SHEETS_BEHIND : 0;
  const width = Math.max(inner.width, textWidth(heading)) + 2 * FORK_PADDING;
  const height = inner.height + TITLE_HEIGHT + FORK_PADDING;
  return {
    width: width + sheets * SHEET_OFFSET,
    height: height + sheets * SHEET_OFFSET,
    draw(x, y) {
      const behind = Array.from({ length: sheets + 1 }, (_, index) => (sheets - index) * SHEET_OFFSET);
      return [
        ...behind.map((offset) => rect(kind, x + offset, y + offset, width, height, 8)),
        `<text x="${px(x + FORK_PADDING)}" y="${px(y + 17)}">${escapeXml(title)}${factsText(facts)}</text>`,
        inner.draw(x + (width - inner.width) / 2, y + TITLE_HEIGHT),
      ].join('\n');
    },
  };
}

function laneBox(name: string, inner: Box): Box {
  const width = Math.max(inner.width, textWidth(name)) + 2 * LANE_PADDING;
  const height = inner.height + TITLE_HEIGHT + LANE_PADDING;
  return {
    width,
    height,
    draw: (x, y) =>
      [
        rect('lane', x, y, width, height, 6),
        `<text class="facts" x="${px(x + LANE_PADDING)}" y="${px(y + 17)}">${escapeXml(name)}</text>`,
        inner.draw(x + (width - inner.width) / 2, y + TITLE_HEIGHT),
      ].join('\n'),
  };
}

/** One below the other, with arrows. */
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

/** Side by side, with a line from the foot of each to the head of the next, and room for it above and below. */
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

/** Cuts a list into as few parts as the limit allows, and those as alike in size as they can be. */
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

function factsText(facts: readonly string[]): string {
  if (facts.length === 0) return '';
  return `<tspan class="facts" dx="${px(CHAR_WIDTH)}">· ${escapeXml(facts.join(' · '))}</tspan>`;
}

function edge(path: string): string {
  return `<path class="edge" d="${path}"/>`;
}

function textWidth(text: string): number {
  return columnsOf(text) * CHAR_WIDTH;
}

/** Tenths are exact enough. */
function px(length: number): string {
  return String(Math.round(length * 10) / 10);
}

function escapeXml(text: string): string {
  return text.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`);
}
