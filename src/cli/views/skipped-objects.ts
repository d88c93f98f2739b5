import { paletteFor } from '../../base/terminal/palette.ts';
import type { ReadOptions, SkippedObject } from '../../index.ts';

/** Maximum number of keys listed, because a damaged datastore can have many. */
const NAMED_MAX = 5;

const PROBLEMS: Record<SkippedObject['reason'], string> = {
  invalid: 'it is not a valid record',
  'other-version': 'another version of nuvopipe wrote it',
};

/** Reports skipped objects of the datastore on stderr. */
export const reportingSkipped: ReadOptions = {
  onSkipped(objects) {
    const { yellow } = paletteFor(process.stderr);
    for (const { key, reason } of objects.slice(0, NAMED_MAX)) {
      process.stderr.write(`${yellow('skipped')} ${key}: ${PROBLEMS[reason]}\n`);
    }
    if (objects.length > NAMED_MAX)
      process.stderr.write(`${yellow('skipped')} ${objects.length - NAMED_MAX} more invalid records\n`);
  },
};
