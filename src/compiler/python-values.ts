import { type ExactNumber, isNumber } from '../base/json.ts';
import { pythonString } from '../language/python/python-text.ts';

/** A JSON value in Python syntax. */
export function pythonLiteral(value: unknown): string {
  if (value === null || value === undefined) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (isNumber(value)) return numberLiteral(value);
  if (typeof value === 'string') return pythonString(value);
  if (Array.isArray(value)) return `[${value.map(pythonLiteral).join(', ')}]`;
  return mappingLiteral(value as Record<string, unknown>, pythonLiteral);
}

/** Arguments of an action or flow: `${name}` on its own is the artifact itself, inside text it is interpolated. */
export function argumentsOf(step: string, value: unknown): string {
  if (typeof value === 'string') return textOf(step, value);
  if (Array.isArray(value)) return `[${value.map((item) => argumentsOf(step, item)).join(', ')}]`;
  if (typeof value !== 'object' || value === null || isNumber(value)) return pythonLiteral(value);
  return mappingLiteral(value as Record<string, unknown>, (item) => argumentsOf(step, item));
}

function textOf(step: string, text: string): string {
  const parts: { text: string; isReference: boolean }[] = [];
  let at = 0;
  for (const match of text.matchAll(/\$\$\{|\$\{([^}]*)\}/g)) {
    if (match.index > at) parts.push({ text: text.slice(at, match.index), isReference: false });
    at = match.index + match[0].length;
    if (match[1] === undefined) parts.push({ text: '${', isReference: false });
    else parts.push({ text: match[1].trim(), isReference: true });
  }
  if (at < text.length) parts.push({ text: text.slice(at), isReference: false });
  if (!parts.some(({ isReference }) => isReference)) return pythonString(parts.map((part) => part.text).join(''));
  const python = parts.map((part) =>
    part.isReference ? `_artifact(self, "${step}", ${pythonString(part.text)})` : pythonString(part.text),
  );
  return python.length === 1 ? (python[0] as string) : `_text(${python.join(', ')})`;
}

function mappingLiteral(mapping: Record<string, unknown>, write: (value: unknown) => string): string {
  return `{${Object.entries(mapping)
    .map(([key, value]) => `${pythonString(key)}: ${write(value)}`)
    .join(', ')}}`;
}

function numberLiteral(value: ExactNumber): string {
  if (Number.isNaN(value)) return 'float("nan")';
  if (typeof value !== 'number' || Number.isFinite(value)) return String(value);
  return value > 0 ? 'float("inf")' : 'float("-inf")';
}
