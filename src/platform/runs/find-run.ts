import { named } from '../../base/counts.ts';
import { UserError } from '../../base/errors.ts';
import { suggest } from '../../base/suggest.ts';
import { keys } from '../../contract/layout.generated.ts';
import { readRecord } from '../s3/read-record.ts';
import type { RunKey, RunReader } from './reader.ts';

/**
 * The run named by `text`: `Flow/run` or the ID; a unique prefix is enough.
 * @throws UserError if there is none, with the nearest match, or if there are several.
 */
export async function findRun(reader: RunReader, text: string): Promise<RunKey> {
  const slash = text.indexOf('/');
  const wanted = text.slice(slash + 1);
  if (slash > 0) {
    const exact = { flow: text.slice(0, slash), run: wanted };
    if (wanted !== '' && (await isThere(reader, exact))) return exact;
  }
  const flows = await reader.flows();
  const searched = slash > 0 ? flows.filter((flow) => flow === text.slice(0, slash)) : flows;
  const lists = await Promise.all(
    searched.map(async (flow) => (await reader.runIds(flow)).map((run): RunKey => ({ flow, run }))),
  );
  const runs = lists.flat();
  const exact = runs.filter(({ run }) => run === wanted);
  const matching = exact.length > 0 ? exact : runs.filter(({ run }) => run.startsWith(wanted));
  const [only] = matching;
  if (only !== undefined && matching.length === 1) {
    await isThere(reader, only);
    return only;
  }
  if (matching.length > 1) {
    throw new UserError(
      'ambiguous-run',
      `${matching.length} runs start with "${text}": ${named(matching.map(pathspec))}`,
      'type more of the run ID',
    );
  }
  throw unknownRun(reader, text, slash > 0 && searched.length === 0 ? flows : undefined, runs);
}

/** @throws UserError `other-version` */
async function isThere(reader: RunReader, run: RunKey): Promise<boolean> {
  const record = await reader.run(run);
  if (reader.ofOtherVersion.has(keys.run(run))) await readRecord(reader.store, keys.run(run), 'RunRecord');
  return record !== undefined;
}

export function pathspec({ flow, run }: RunKey): string {
  return `${flow}/${run}`;
}

function unknownRun(reader: RunReader, text: string, flows: string[] | undefined, runs: RunKey[]): UserError {
  const near =
    flows === undefined
      ? (suggest(text, runs.map(pathspec)) ??
        suggest(
          text,
          runs.map(({ run }) => run),
        ))
      : suggest(text.slice(0, text.indexOf('/')), flows);
  return new UserError(
    'unknown-run',
    `there is no run "${text}" in ${reader.store.root}`,
    near === undefined ? 'list the latest runs with: nuvopipe status' : `did you mean "${near}"?`,
  );
}
