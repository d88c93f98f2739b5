/** Columns of prose in generated files. */
const PROSE_WIDTH = 120;

/** Columns of generated Python: `line-length` of Ruff. */
const PYTHON_WIDTH = 128;

/** Breaks a paragraph into lines between words. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const line = lines.at(-1);
    if (line !== undefined && line.length + 1 + word.length <= width) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** A doc comment of TypeScript. */
export function docComment(text: string, indent = ''): string {
  const one = `${indent}/** ${text} */`;
  if (one.length <= PROSE_WIDTH) return one;
  const lines = wrap(text, PROSE_WIDTH - indent.length - 3);
  return [`${indent}/**`, ...lines.map((line) => `${indent} * ${line}`), `${indent} */`].join('\n');
}

/** A docstring of Python. */
export function docstring(text: string, indent = ''): string {
  const quotes = '"""';
  const lines = wrap(text.replaceAll('\\', '\\\\'), PROSE_WIDTH - indent.length - 2 * quotes.length);
  return `${indent}${quotes}${lines.join(`\n${indent}`)}${quotes}`;
}

/** A number as both languages write it: `262_144`. */
export function numberLiteral(value: number): string {
  const [whole = '', part] = String(value).split('.');
  const grouped = whole.length > 4 ? whole.replaceAll(/\B(?=(\d{3})+$)/g, '_') : whole;
  return part === undefined ? grouped : `${grouped}.${part}`;
}

/** A text of TypeScript, in single quotes. */
export function quoted(text: string): string {
  return `'${JSON.stringify(text).slice(1, -1).replaceAll("'", "\\'")}'`;
}

/** A list of TypeScript, on one line if it fits. */
export function listInTypeScript(before: string, items: readonly string[], after: string): string {
  const one = `${before}${items.join(', ')}${after}`;
  return one.length <= PROSE_WIDTH ? one : `${before}\n${items.map((item) => `  ${item},\n`).join('')}${after}`;
}

/** A list or tuple of Python as Ruff formats it, maybe as the only argument of a call: `before` ends with what opens it. */
export function listInPython(before: string, items: readonly string[], after: string): string {
  const one = `${before}${items.join(', ')}${after}`;
  if (one.length <= PYTHON_WIDTH) return one;
  const isCall = /[([{]{2}$/.test(before);
  if (!isCall) return `${before}\n${items.map((item) => `    ${item},\n`).join('')}${after}`;
  const [opened, opening, closing, closed] = [before.slice(0, -1), before.slice(-1), after.slice(0, 1), after.slice(1)];
  const inner = `    ${opening}${items.join(', ')}${closing}`;
  if (inner.length <= PYTHON_WIDTH) return `${opened}\n${inner}\n${closed}`;
  return `${opened}\n    ${opening}\n${items.map((item) => `        ${item},\n`).join('')}    ${closing}\n${closed}`;
}
