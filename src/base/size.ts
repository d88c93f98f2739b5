/** Mebibytes, which OpenWhisk calls MB. */
const UNITS_IN_MB: Record<string, number> = {
  '': 1,
  M: 1,
  MB: 1,
  Mi: 1,
  MiB: 1,
  G: 1024,
  GB: 1024,
  Gi: 1024,
  GiB: 1024,
};

/** What {@link parseSizeMB} reads: `512`, `512Mi`, `1Gi`, `0.5Gi`. */
export const SIZE_PATTERN = /^(\d+(?:\.\d+)?)\s*(M|MB|Mi|MiB|G|GB|Gi|GiB)?$/;

/**
 * Parses a memory size; a number without a unit is in MB, as in OpenWhisk.
 *
 * @returns whole MB (of 1,048,576 bytes for every unit, as in OpenWhisk), or `undefined` if it is invalid
 */
export function parseSizeMB(value: unknown): number | undefined {
  const match = SIZE_PATTERN.exec(String(value).trim());
  if (!match) return undefined;
  const sizeMB = Number(match[1]) * (UNITS_IN_MB[match[2] ?? ''] as number);
  return Number.isSafeInteger(sizeMB) && sizeMB > 0 ? sizeMB : undefined;
}

/** `256 MB` */
export function formatSizeMB(sizeMB: number): string {
  return sizeMB % 1024 === 0 ? `${sizeMB / 1024} GB` : `${sizeMB} MB`;
}
