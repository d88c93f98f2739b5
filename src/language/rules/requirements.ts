import type { Located } from '../model/flow.ts';
import { allSteps } from '../model/flow.ts';
import { distributionOf } from '../model/requirement.ts';
import type { CheckContext } from './context.ts';

/** `name[extras]==version`, with a marker maybe; PEP 508, as far as it is pinned. */
const PINNED =
  /^[A-Za-z0-9][A-Za-z0-9._-]*(?:\[[A-Za-z0-9._,\s-]+\])?\s*===?\s*[A-Za-z0-9][A-Za-z0-9.!+_-]*\s*(?:;.*)?$/;

/** What is not pinned is another thing tomorrow. */
export function checkRequirements({ flow, report }: CheckContext): void {
  const told = new Set<Located<string>>();
  for (const { environment } of [flow.settings, ...allSteps(flow)]) {
    const seen = new Set<string>();
    for (const requirement of environment.pip) {
      const { value, span } = requirement;
      const name = distributionOf(value);
      const isTwice = seen.has(name);
      seen.add(name);
      // A step has those of the flow, too.
      if (told.has(requirement)) continue;
      told.add(requirement);
      if (!PINNED.test(value.trim())) {
        const hint = `write it as ${/^[\w-]+$/.test(name) ? name : 'name'}==1.2.3`;
        report.error('not-pinned', span, `"${value}" is not pinned to a version`, hint);
      } else if (isTwice) {
        report.error('duplicate-requirement', span, `"${name}" is required twice`, 'remove one of them');
      }
    }
  }
}
