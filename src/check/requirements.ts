import type { CheckContext } from './context.ts';

/** `name[extras]==version`, with a marker maybe; PEP 508, as far as it is pinned. */
const PINNED =
  /^[A-Za-z0-9][A-Za-z0-9._-]*(?:\[[A-Za-z0-9._,\s-]+\])?\s*===?\s*[A-Za-z0-9][A-Za-z0-9.!+_-]*\s*(?:;.*)?$/;

/** What is not pinned is another thing tomorrow. */
export function checkRequirements({ flow, report }: CheckContext): void {
  const seen = new Set<string>();
  for (const { value, span } of flow.settings.environment.pip) {
    const name =
      value
        .split(/[\s[=<>!~;]/)[0]
        ?.toLowerCase()
        .replace(/[._-]+/g, '-') ?? '';
    if (!PINNED.test(value.trim())) {
      report.error(
        'not-pinned',
        span,
        `"${value}" is not pinned to a version`,
        `write it as ${/^[\w-]+$/.test(name) ? name : 'name'}==1.2.3`,
      );
    } else if (seen.has(name)) {
      report.error('duplicate-requirement', span, `"${name}" is required already`, 'keep one of them');
    }
    seen.add(name);
  }
}
