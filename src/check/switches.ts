import type { Switch } from '../model/flow.ts';
import { allElements } from '../model/flow.ts';
import type { Check, CheckContext } from './context.ts';
import type { CodeFacts } from './inspection.ts';

/** The cases of a switch can each be met, and make a difference. */
export const checkSwitches: Check = ({ flow, report, facts }) => {
  for (const element of allElements(flow)) {
    if (element.kind !== 'switch') continue;
    checkDuplicates(element, report);
    const { cases, default: fallback, on, span } = element;
    if (cases.length > 0 && cases.every(({ steps }) => steps.length === 0) && !fallback?.length) {
      report.warning(
        'empty-switch',
        span,
        'no case of this switch has steps',
        'remove the switch, or add steps to a case',
      );
    }
    const found = on.kind === 'expression' ? facts?.expressions.get(on.code) : undefined;
    if (on.kind !== 'expression' || !found || found.problem) continue;
    if (found.constant) {
      const hint = 'write an expression over self, or the name of an artifact';
      report.warning('constant-switch', on.code.span, 'this is the same value in every run', hint);
    } else if (found.boolean) checkBoolean(element, found, report);
  }
};

type Report = CheckContext['report'];

function checkDuplicates({ cases }: Switch, report: Report): void {
  const seen = new Set<unknown>();
  for (const { value } of cases) {
    const shown = typeof value.value === 'string' ? `"${value.value}"` : String(value.value);
    if (seen.has(value.value)) {
      report.error('duplicate-case', value.span, `there is a case for ${shown} already`, 'keep one of the two');
    }
    seen.add(value.value);
  }
}

/** Of what is true or false. */
function checkBoolean({ cases, default: fallback, span }: Switch, _: CodeFacts, report: Report): void {
  const left = new Set([true, false]);
  for (const { value } of cases) {
    if (typeof value.value === 'boolean') {
      left.delete(value.value);
      continue;
    }
    const shown = typeof value.value === 'string' ? `"${value.value}"` : String(value.value);
    const word = String(value.value).toLowerCase();
    const hint =
      word === 'true' || word === 'false'
        ? `write ${word}, without quotes`
        : word === 'yes' || word === 'no'
          ? `write ${word === 'yes' ? 'true' : 'false'}: in YAML 1.2, "${word}" is text`
          : 'its cases are true and false';
    report.warning('unreachable-case', value.span, `the value of this switch is true or false, never ${shown}`, hint);
  }
  const [missing] = left;
  if (left.size === 0 && fallback) {
    report.warning(
      'unreachable-case',
      span,
      'the default is never taken: there are cases for true and for false',
      'remove it',
    );
  } else if (missing !== undefined && !fallback) {
    const which = left.size === 2 ? 'true and for false' : String(missing);
    const message = `there is no case for ${which}, and no default: the run fails there`;
    report.warning('missing-case', span, message, 'add "default: []", to do nothing then');
  }
}
