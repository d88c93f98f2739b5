import { string } from '@oclif/core/args';

const RUN = { description: 'Flow/run or run ID; a unique prefix is enough', name: 'RUN' };

/** The run argument of a command, for `findRun`. */
export const runArgument = string({ ...RUN, required: true });

/** The same, if the argument is optional. */
export const optionalRunArgument = string(RUN);
