import { string } from '@oclif/core/flags';
import { UserError } from '../../base/errors.ts';

/** As the runtime has it (`RUN_NAME` in `parameters.py`): it is part of keys and pathspecs. */
const RUN_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/;

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
    "up to 128 letters, digits, '-', '_' and '.', a letter or digit first",
  );
}
