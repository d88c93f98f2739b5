/** Names listed on one line, unless the caller says otherwise. */
const NAMED_MAX = 5;

/** `a, b and 3 more` */
export function named(names: readonly string[], max = NAMED_MAX): string {
  return [names.slice(0, max).join(', '), ...more(names.length - max)].join(' ');
}

/** `a, b and c`, or `a, b and 3 more` */
export function listed(names: readonly string[], max = NAMED_MAX): string {
  return names.length > max ? named(names, max) : new Intl.ListFormat('en-GB').format(names);
}

/** The first lines, and `and 3 more` as the last one if there are others. */
export function firstLines(lines: readonly string[], max = NAMED_MAX): string[] {
  return [...lines.slice(0, max), ...more(lines.length - max)];
}

/** `and 3 more`; empty if there are none. */
function more(number: number): string[] {
  return number > 0 ? [`and ${digits(number)} more`] : [];
}

/** `1 step`, `1,200 steps` */
export function count(number: number, thing: string): string {
  return `${digits(number)} ${thing}${number === 1 ? '' : 's'}`;
}

/** `12,345` */
export function digits(number: number): string {
  return number.toLocaleString('en');
}

/** `12 kB`, `48 MB` */
export function size(bytes: number): string {
  const sizeKB = Math.ceil(bytes / 1024);
  return sizeKB % 1024 === 0 ? `${sizeKB / 1024} MB` : `${digits(sizeKB)} kB`;
}
