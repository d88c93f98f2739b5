import { string as argument } from '@oclif/core/args';
import { boolean, integer, string } from '@oclif/core/flags';
import { UserError } from '../../base/errors.ts';
import { reportTo } from '../../base/terminal/progress.ts';
import { type FlowPrune, type PruneRule, runs } from '../../index.ts';
import { BaseCommand } from '../base-command.ts';
import { chosenDatastore, storeFlags } from '../flags/store-flags.ts';
import { parseAgeMs } from '../views/age.ts';
import { onProgressOf } from '../views/on-progress.ts';
import { amounts, renderFlowPrune } from '../views/prune-view.ts';
import { reportingSkipped } from '../views/skipped-objects.ts';

/** What `--json` prints. */
interface Answer {
  /** Whether they were deleted; never without `--yes`. */
  deleted: boolean;
  flows: FlowPrune[];
}

export default class Prune extends BaseCommand {
  static override summary = 'Delete old runs with their artifacts and logs; without --yes, only list them.';
  static override description =
    'A run is deleted only if it matches every rule given. Live runs, runs changed in the last day, and runs being resumed are always kept, as are artifacts still in use.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> --older-than 30d',
    '<%= config.bin %> <%= command.id %> HelloFlow --keep 20 --keep-failed --yes',
    '<%= config.bin %> <%= command.id %> --cache-unused 90d --yes --datastore s3://bucket/metaflow',
  ];
  static override args = {
    flows: argument({
      description: 'flows whose runs to prune [default: all]',
      name: 'FLOW',
      multiple: true,
    }),
  };
  static override flags = {
    'older-than': string({ description: 'delete only runs started longer ago than this', helpValue: '30d' }),
    keep: integer({ description: 'keep the latest N runs of each flow', helpValue: 'N', min: 0 }),
    'keep-failed': boolean({ description: 'keep failed, cancelled and stalled runs', default: false }),
    'cache-unused': string({ description: 'also delete cache entries unused for this long', helpValue: '90d' }),
    yes: boolean({ char: 'y', description: 'delete without asking further', default: false }),
    ...storeFlags,
  };

  override async run(): Promise<Answer> {
    const { args, flags } = await this.parse(Prune);
    const rule = ruleOf(flags);
    const flows: FlowPrune[] = [];
    const pruning = runs.prune(await chosenDatastore(flags), {
      ...reportingSkipped,
      rule,
      flows: args.flows,
      delete: flags.yes,
      onProgress: onProgressOf(reportTo(process.stderr)),
    });
    for await (const flow of pruning) {
      flows.push(flow);
      this.log(renderFlowPrune(flow, this.palette, Date.now()));
    }
    this.#sum(flows, flags.yes);
    return { deleted: flags.yes, flows };
  }

  #sum(flows: readonly FlowPrune[], isDone: boolean): void {
    const all = amounts({
      runs: flows.flatMap(({ runs }) => runs),
      cacheEntries: flows.reduce((sum, { cacheEntries }) => sum + cacheEntries, 0),
      objects: flows.reduce((sum, { objects }) => sum + objects, 0),
      bytes: flows.reduce((sum, { bytes }) => sum + bytes, 0),
    });
    if (flows.every(({ objects }) => objects === 0)) this.log('There is nothing to delete.');
    else if (isDone) this.log(`${this.palette.green('✓')} deleted: ${all}`);
    else this.log(`Nothing was deleted. With --yes, nuvopipe deletes: ${all}`);
  }
}

interface RuleFlags {
  'older-than'?: string | undefined;
  keep?: number | undefined;
  'keep-failed': boolean;
  'cache-unused'?: string | undefined;
}

/** @throws UserError if no rule selects runs */
function ruleOf({
  'older-than': olderThan,
  keep,
  'keep-failed': keepFailed,
  'cache-unused': unused,
}: RuleFlags): PruneRule {
  if (olderThan === undefined && keep === undefined && unused === undefined) {
    const hint = 'add --older-than 30d, --keep 20, or both';
    throw new UserError('no-rule', 'no rule selects runs to delete', hint);
  }
  const goesByRuns = olderThan !== undefined || keep !== undefined;
  return {
    ...(olderThan !== undefined && { olderThanMs: parseAgeMs(olderThan) }),
    keep: goesByRuns ? (keep ?? 0) : Number.POSITIVE_INFINITY,
    keepFailed,
    ...(unused !== undefined && { cacheUnusedMs: parseAgeMs(unused) }),
  };
}
