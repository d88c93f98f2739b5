import { string } from '@oclif/core/args';

const RUN = { description: 'Flow/run or run ID; a unique prefix is enough', name: 'RUN' };

/** The run that a command is about, for `findRun`. */
export const runArgument = string({ ...RUN, required: true });

/** The same, for a command that can do without. */
export const optionalRunArgument = string(RUN);
