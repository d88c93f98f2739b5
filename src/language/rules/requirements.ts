import type { Located } from '../model/flow.ts';
import { allSteps } from '../model/flow.ts';
import { distributionOf } from '../model/requirement.ts';
import type { CheckContext } from './context.ts';

/** `name[extras]==version` with an optional marker; the pinned subset of PEP 508. */
const PINNED =
  /^[A-Za-z0-9][A-Za-z0-9._-]*(?:\[[A-Za-z0-9._,\s-]+\])?\s*===?\s*[A-Za-z0-9][A-Za-z0-9.!+_-]*\s*(?:;.*)?$/;

/** Unpinned packages can change from one deploy to the next. */
export function checkRequirements({ flow, report }: CheckContext): void {
  const told = new Set<Located<string>>();
  for (const { environment } of [flow.settings, ...allSteps(flow)]) {
    const seen = new Set<string>();
    for (const requirement of environment.pip) {
      const { value, span } = requirement;
      const name = distributionOf(value);
      const isTwice = seen.has(name);
      seen.add(name);
      // A step also has those of the flow.
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
