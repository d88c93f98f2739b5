/** Names listed on one line, unless the caller says otherwise. */
const NAMED_MAX = 5;

/** `a, b and 3 more` */
export function named(names: readonly string[], max = NAMED_MAX): string {
  const more = names.length - max;
  return `${names.slice(0, max).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
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
