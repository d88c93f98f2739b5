import { formatDurationMs } from '../../base/duration.ts';
import { suggest } from '../../base/suggest.ts';
import { ACTION_ERROR, CRASH, TIMEOUT } from '../../contract/protocol.generated.ts';
import { allSteps } from '../model/flow.ts';
import type { Check } from './context.ts';

/** Special names in `retry.on`. */
const FAILURES_BY_WORD: readonly string[] = [TIMEOUT, CRASH];

/** Python's built-in exceptions that a step can raise. */
const EXCEPTIONS = [
  ...['ArithmeticError', 'AssertionError', 'AttributeError', 'BlockingIOError', 'BrokenPipeError', 'BufferError'],
  ...['ConnectionAbortedError', 'ConnectionError', 'ConnectionRefusedError', 'ConnectionResetError', 'EOFError'],
  ...['FileExistsError', 'FileNotFoundError', 'FloatingPointError', 'ImportError', 'IndexError', 'InterruptedError'],
  ...['IsADirectoryError', 'KeyError', 'LookupError', 'MemoryError', 'ModuleNotFoundError', 'NotADirectoryError'],
  ...['NotImplementedError', 'OverflowError', 'PermissionError', 'RecursionError', 'ReferenceError', 'RuntimeError'],
  ...['StopIteration', 'TimeoutError', 'UnicodeDecodeError', 'UnicodeEncodeError', 'ValueError', 'ZeroDivisionError'],
];

/** Shorter names are too similar to each other to suggest one for another. */
const MISTYPED_MIN_LENGTH = 8;

const EXCEPTION_NAME = /^[\p{ID_Start}_][\p{ID_Continue}]*(\.[\p{ID_Start}_][\p{ID_Continue}]*)*$/u;

/** Checks which steps can be repeated, and after which failures. */
export const checkRetries: Check = ({ flow, report }) => {
  for (const { retry, body } of allSteps(flow)) {
    if (!retry) continue;
    const isElsewhere = body?.kind === 'action' || body?.kind === 'flow';
    if (retry.withinMs && retry.times > 0 && retry.withinMs.value <= retry.backoffMs) {
      const [within, backoff] = [retry.withinMs.value, retry.backoffMs].map(formatDurationMs);
      const message = `no attempt is ever repeated: the first pause (${backoff}) does not end within ${within}`;
      report.warning('useless-retry', retry.withinMs.span, message, 'raise "within", or lower "backoff"');
    }
    for (const { value, span } of retry.on) {
      const word = FAILURES_BY_WORD.find((known) => known === value.toLowerCase());
      if (word !== undefined && word !== value) {
        report.error('bad-exception', span, `invalid failure name "${value}"`, `did you mean "${word}"?`);
      } else if (!EXCEPTION_NAME.test(value)) {
        const hint = 'write the name of an exception class, "timeout" or "crash"';
        report.error('bad-exception', span, `invalid exception name "${value}"`, hint);
      } else if (isElsewhere && ![ACTION_ERROR, ...FAILURES_BY_WORD].includes(value)) {
        const [what, where] =
          body.kind === 'action'
            ? ['an action', 'its error starts with that name']
            : ['a flow', 'its failed step raised that'];
        const message = `${what} fails with ${ACTION_ERROR}, timeout or crash; "${value}" matches only if ${where}`;
        report.warning('unmatched-exception', span, message, `write ${ACTION_ERROR} to match all of its failures`);
      } else if (value.length >= MISTYPED_MIN_LENGTH && !EXCEPTIONS.includes(value)) {
        const meant = suggest(
          value,
          EXCEPTIONS.filter((name) => Math.abs(name.length - value.length) <= 1),
        );
        if (meant !== undefined && isNear(value, meant)) {
          report.warning('unknown-exception', span, `Python has no exception "${value}"`, `did you mean "${meant}"?`);
        }
      }
    }
  }
};

/** One letter too many, too few or wrong, or two swapped. */
function isNear(a: string, b: string): boolean {
  let start = 0;
  while (start < a.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < Math.min(a.length, b.length) - start && a.at(-1 - end) === b.at(-1 - end)) end++;
  return Math.max(a.length, b.length) - start - end <= 2;
}
