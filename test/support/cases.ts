import { join } from 'node:path';
import type { Secrets } from '../../src/platform/deploy/bind-secrets.ts';
import { deployFlow, type Invoked, invoke } from './flows.ts';
import type { SharedPlatform } from './platform.ts';

/** Flows of public bug reports, one folder a case. */
export const CASES = join(import.meta.dirname, '../cases');

export interface CaseOptions {
  /** The flow file in the case's folder; default `flow.yaml`. */
  file?: string;
  /** The run's parameters, as a client sends them. */
  params?: object;
  secrets?: Secrets;
}

/** Path of a file of a case. */
export function caseFile(name: string, file = 'flow.yaml'): string {
  return join(CASES, name, file);
}

/** Deploys a case's flow and invokes it as any client would; the answer may be a failure. */
export async function runCase(
  shared: SharedPlatform,
  name: string,
  { file, params, secrets }: CaseOptions = {},
): Promise<Invoked> {
  const { plan } = await deployFlow(shared, caseFile(name, file), secrets);
  return invoke(shared, plan.flow, params);
}

/** What all tasks of a step have written, in the order of their names. */
export async function logOf(
  { store }: SharedPlatform,
  flow: string,
  run: string,
  step: string,
): Promise<{ stdout: string; stderr: string }> {
  const keys: string[] = [];
  for await (const { key } of store.list(`${flow}/${run}/${step}/`)) keys.push(key);
  const read = async (stream: string) => {
    const found = await Promise.all(
      keys.filter((key) => key.endsWith(`.task_${stream}.log`)).map((key) => store.get(key)),
    );
    return found.map((object) => new TextDecoder().decode(object?.body).replace(/^\[MFLOG[^\]]*\]/gm, '')).join('');
  };
  return { stdout: await read('stdout'), stderr: await read('stderr') };
}

/** What `client_own_run` finds, on the local platform and on a cluster. */
export const OWN_RUN_OUTPUTS = {
  seen: {
    run: [true, false, false, null, null],
    task: [true, false, false, '', []],
    steps: ['double', 'first', 'gather', 'look'],
    first: [true, true, [10, 20], 'first was here\n'],
    doubled: [20, 40],
    children: ['t-0', 't-1'],
    parents: ['double/t-0', 'double/t-1'],
    artifact: 40,
    latest: true,
    mine: true,
    parameters: 'last',
    namespace: 'MetaflowNamespaceMismatch',
  },
  retried: [1, false, 'the first attempt\n'],
  elsewhere: [
    Array.from({ length: 8 }, () => [10, 20]),
    [
      [10, 20],
      [10, 20],
    ],
    '[10, 20] False True\n',
    '',
  ],
  tags: ['from a child'],
  end: ['MetaflowTaggingError', false, false, true],
};
