import type { Hook } from '@oclif/core/hooks';
import { UserError } from '../base/errors.ts';
import { didYouMean } from '../base/suggest.ts';

/** oclif calls it for an unknown command. It takes the words after the command for parts of its name. */
const commandNotFound: Hook.CommandNotFound = async ({ id, config: { commandIDs } }) => {
  const [first = '', second = ''] = id.split(':');
  const isTopic = commandIDs.some((command) => command.startsWith(`${first}:`));
  const name = isTopic ? `${first} ${second}` : first;
  const names = commandIDs.map((command) => command.replaceAll(':', ' '));
  const hint = didYouMean(name, names) ?? `commands: ${names.join(', ')}`;
  throw new UserError('no-such-command', `there is no command "${name}"`, hint);
};

export default commandNotFound;
