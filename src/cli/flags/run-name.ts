import { string } from '@oclif/core/flags';
import { UserError } from '../../base/errors.ts';
import { RUN_NAME, RUN_NAME_MAX_LENGTH } from '../../contract/protocol.generated.ts';

export const runNameFlag = string({
  description: 'run name (idempotency key): starting it again joins the existing run',
  helpValue: 'NAME',
});

/** @throws UserError `bad-run-name` */
export function checkRunName(name: string | undefined): void {
  if (name === undefined || RUN_NAME.test(name)) return;
  throw new UserError(
    'bad-run-name',
    `invalid run name ${JSON.stringify(name)}`,
    `use up to ${RUN_NAME_MAX_LENGTH} letters, digits, '-', '_' and '.', starting with a letter or digit`,
  );
}
