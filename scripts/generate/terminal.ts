/** Colours of a dark terminal. */
const COLOURS: Readonly<Record<string, string>> = {
  bold: '#ffffff',
  dim: '#8b949e',
  red: '#ff7b72',
  green: '#7ee787',
  cyan: '#79c0ff',
};
const FOREGROUND = '#d1d5da';
const BACKGROUND = '#161b22';

const FONT_SIZE_PX = 13;
const CHARACTER_WIDTH_PX = 7.83;
const LINE_HEIGHT_PX = 18;
const PADDING_PX = 18;
const TITLE_HEIGHT_PX = 30;

/**
 * Draws the transcript of a terminal as SVG. `{red:text}` colours a part of a line; the names are those of `COLOURS`.
 *
 * @throws Error for an unknown colour.
 */
export function terminalPicture(transcript: string, label: string): string {
  const lines = transcript.trimEnd().split('\n');
  const columns = Math.max(...lines.map((line) => line.replace(/\{\w+:([^}]*)\}/g, '$1').length));
  const width = Math.ceil(columns * CHARACTER_WIDTH_PX + 2 * PADDING_PX);
  const height = lines.length * LINE_HEIGHT_PX + 2 * PADDING_PX + TITLE_HEIGHT_PX;
  const rows = lines.map((line, index) => {
    const y = TITLE_HEIGHT_PX + PADDING_PX + index * LINE_HEIGHT_PX + FONT_SIZE_PX;
    return `  <text x="${PADDING_PX}" y="${y}">${coloured(line)}</text>`;
  });
  const buttons = ['#ff5f56', '#ffbd2e', '#27c93f'].map(
    (fill, index) => `  <circle cx="${PADDING_PX + 6 + index * 20}" cy="20" r="6" fill="${fill}"/>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(label)}">`,
    `  <rect width="${width}" height="${height}" rx="8" fill="${BACKGROUND}"/>`,
    ...buttons,
    `  <g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="${FONT_SIZE_PX}" fill="${FOREGROUND}" style="white-space: pre">`,
    ...rows,
    '  </g>',
    '</svg>',
    '',
  ].join('\n');
}

function coloured(line: string): string {
  return line
    .split(/(\{\w+:[^}]*\})/)
    .map((part) => {
      const [, name, text = ''] = /^\{(\w+):([^}]*)\}$/.exec(part) ?? [];
      if (name === undefined) return escaped(part);
      const fill = COLOURS[name];
      if (fill === undefined) throw new Error(`unknown colour "${name}"`);
      return `<tspan fill="${fill}"${name === 'bold' ? ' font-weight="bold"' : ''}>${escaped(text)}</tspan>`;
    })
    .join('');
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
