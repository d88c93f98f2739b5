import { string } from '@oclif/core/flags';
import { UserError } from '../../base/errors.ts';
import { RUN_NAME, RUN_NAME_MAX_LENGTH } from '../../contract/protocol.generated.ts';

export const runNameFlag = string({
  description: 'a name for the run; started twice, also at once, it is one run',
  helpValue: 'NAME',
});

/** @throws UserError `bad-run-name` */
export function checkRunName(name: string | undefined): void {
  if (name === undefined || RUN_NAME.test(name)) return;
  throw new UserError(
    'bad-run-name',
    `${JSON.stringify(name)} cannot name a run`,
    `up to ${RUN_NAME_MAX_LENGTH} letters, digits, '-', '_' and '.', a letter or digit first`,
  );
}
