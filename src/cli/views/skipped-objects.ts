import { firstLines } from '../../base/counts.ts';
import { paletteFor } from '../../base/terminal/palette.ts';
import type { ReadOptions, SkippedObject } from '../../index.ts';

const PROBLEMS: Record<SkippedObject['reason'], string> = {
  invalid: 'it is not a valid record',
  'other-version': 'another version of nuvopipe wrote it',
};

/** Reports skipped objects of the datastore on stderr: only the first, because a damaged datastore can have many. */
export const reportingSkipped: ReadOptions = {
  onSkipped(objects) {
    const { yellow } = paletteFor(process.stderr);
    const lines = objects.map(({ key, reason }) => `${key}: ${PROBLEMS[reason]}`);
    for (const line of firstLines(lines)) process.stderr.write(`${yellow('skipped')} ${line}\n`);
  },
};
