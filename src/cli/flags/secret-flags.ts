import { readFile } from 'node:fs/promises';
import { string } from '@oclif/core/flags';
import { UserError } from '../../base/errors.ts';
import { didYouMean } from '../../base/suggest.ts';
import { type Bundle, neededSecrets, requireSecrets } from '../../index.ts';
import { parseSecretsFile } from './secrets-file.ts';

/** Flags for a flow's secrets; others are read from environment variables of the same names. */
export const secretFlags = {
  secret: string({
    description: 'value of a secret; NAME alone, or no flag, reads the environment variable NAME',
    helpValue: 'NAME[=VALUE]',
    helpGroup: 'SECRETS',
    multiple: true,
    default: [],
  }),
  'secrets-file': string({
    description: 'file of secrets: lines of NAME=VALUE, or a JSON object',
    helpValue: 'FILE',
    helpGroup: 'SECRETS',
  }),
};

/** Values by name. */
type Secrets = Readonly<Record<string, string | undefined>>;

export interface SecretFlags {
  secret: readonly string[];
  'secrets-file'?: string | undefined;
}

/**
 * The secrets that a flow's steps need: from `--secret`, else from the file, else from the environment.
 *
 * @throws UserError for invalid flags and missing secrets; it never contains a value
 */
export async function readSecrets(
  flags: SecretFlags,
  bundle: Pick<Bundle, 'plan'>,
  env = process.env,
): Promise<Secrets> {
  const names = await neededSecrets(bundle);
  const file = flags['secrets-file'];
  const inFile = file === undefined ? new Map<string, string>() : parseSecretsFile(await readText(file), file);
  const given = new Map<string, string | undefined>();
  for (const argument of flags.secret) {
    const [name = ''] = argument.split('=', 1);
    checkName(name, names, bundle.plan.flow);
    if (given.has(name)) throw new UserError('bad-secret', `the secret ${name} is set twice`, 'remove one of them');
    given.set(name, name === argument ? env[name] : argument.slice(name.length + 1));
  }
  const chosen = (name: string) => (given.has(name) ? given.get(name) : (inFile.get(name) ?? env[name]));
  const secrets = Object.fromEntries(names.map((name) => [name, chosen(name)]));
  await requireSecrets(bundle, secrets);
  return secrets;
}

function checkName(name: string, names: readonly string[], flow: string): void {
  if (names.includes(name)) return;
  const known = names.length === 0 ? 'the flow has none' : `the flow's secrets: ${names.join(', ')}`;
  throw new UserError('unknown-secret', `the flow ${flow} has no secret ${name}`, didYouMean(name, names) ?? known);
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new UserError('secrets-file', `the file ${file} cannot be read`, 'check its path', { cause });
  }
}
