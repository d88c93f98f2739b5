/** Values for the placeholders of a key, by name. */
type Parts = Record<string, string | number>;

/** Builds object keys from their parts, and parses them. */
export interface KeyTemplate<P extends Parts> {
  (parts: P): string;
  /** The parts of a key; undefined for keys of another form. */
  parse(key: string): P | undefined;
}

/** @param template placeholders in braces: `{name}` for text without a slash, `{name:5}` for a number of at least five digits */
export function keyTemplate<P extends Parts>(template: string): KeyTemplate<P> {
  const pieces = template.split(/[{}]/);
  const placeholders = pieces.filter((_, index) => index % 2 === 1).map(placeholderOf);
  const texts = pieces.filter((_, index) => index % 2 === 0);
  const fill = (values: readonly string[]) => texts.map((text, index) => text + (values[index] ?? '')).join('');
  const build = (parts: P) => fill(placeholders.map(({ name, digits }) => String(parts[name]).padStart(digits, '0')));
  let pattern: RegExp | undefined;
  const parse = (key: string) => {
    pattern ??= new RegExp(`^${fill(placeholders.map(groupOf)).replaceAll('.', '\\.')}$`);
    const found = pattern.exec(key);
    if (found === null) return undefined;
    const values = placeholders.map(({ name, digits }, index) => [
      name,
      digits > 0 ? Number(found[index + 1]) : found[index + 1],
    ]);
    return Object.fromEntries(values) as P;
  };
  return Object.assign(build, { parse });
}

interface Placeholder {
  name: string;
  /** Minimum number of digits; 0 for text. */
  digits: number;
}

function placeholderOf(piece: string): Placeholder {
  const [name = '', digits = '0'] = piece.split(':');
  return { name, digits: Number(digits) };
}

function groupOf({ digits }: Placeholder): string {
  return digits > 0 ? `(\\d{${digits},})` : '([^/]+)';
}
