import { string as argument } from '@oclif/core/args';
import { boolean, string } from '@oclif/core/flags';
import { reportTo } from '../../base/terminal/progress.ts';
import type { ManifestTrigger } from '../../contract/manifest.ts';
import type { Deployment } from '../../platform/deploy/deploy-bundle.ts';
import type { Outcome } from '../../platform/deploy/deployed-entity.ts';
import type { SetSchedule } from '../../platform/deploy/feed-schedules.ts';
import type { Whisk } from '../../platform/openwhisk/client.ts';
import type { WhiskOptions } from '../../platform/openwhisk/whisk-settings.ts';
import { BaseCommand } from '../base-command.ts';
import { clusterSettings } from '../cluster-settings.ts';
import { readSecrets, secretFlags } from '../flags/secret-flags.ts';
import { type StoreFlags, storeFlags } from '../flags/store-flags.ts';
import { whiskFlags } from '../flags/whisk-flags.ts';
import { bundleFrom } from '../flow-bundle.ts';

const OUTCOME_ORDER: readonly Outcome[] = ['created', 'updated', 'unchanged', 'deleted'];

/** What `--json` prints. */
interface Answer extends Deployment {
  schedules?: SetSchedule[];
}

export default class Deploy extends BaseCommand {
  static override summary = 'Deploy a flow to OpenWhisk, updating only what changed.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> flow.yaml --local',
    '<%= config.bin %> <%= command.id %> flow.yaml --datastore s3://bucket/metaflow',
    '<%= config.bin %> <%= command.id %> flow.yaml --datastore s3://bucket/metaflow --secrets-file .env',
    '<%= config.bin %> <%= command.id %> build/HelloFlow --apihost https://host --auth uuid:key --datastore s3://bucket/x',
  ];
  static override args = {
    flow: argument({ required: true, description: 'flow file, or folder of a compiled bundle', name: 'FLOW' }),
  };
  static override flags = {
    local: boolean({ description: 'deploy to the local platform, starting it if necessary' }),
    ...whiskFlags,
    ...storeFlags,
    ...secretFlags,
    python: string({
      description: 'Python whose pip fetches packages [default: the newest suitable one]',
      helpValue: 'PATH',
    }),
  };

  override async run(): Promise<Answer> {
    const { args, flags } = await this.parse(Deploy);
    // All user errors are reported before anything is started or fetched.
    const bundle = await bundleFrom(args.flow, () => this.#python(flags.python));
    const secrets = await readSecrets(flags, bundle.plan);
    const [{ deployBundle }, { metaflowUser }, { openWhisk }, { openStore }] = await Promise.all([
      import('../../platform/deploy/deploy-bundle.ts'),
      import('../../platform/deploy/user.ts'),
      import('../../platform/openwhisk/client.ts'),
      import('../../platform/s3/store.ts'),
    ]);
    const target = flags.local ? await this.#local(flags.home) : await this.#cluster(flags);
    const whisk = openWhisk(target.whisk);
    const store = await openStore(target.store);
    try {
      const deployment = await deployBundle({
        bundle,
        whisk,
        store,
        python: target.python,
        home: flags.home,
        vendored: !flags.local,
        user: metaflowUser(),
        secrets,
        triggers: true,
        report: reportTo(process.stderr),
      });
      const counts = OUTCOME_ORDER.flatMap((outcome) => {
        const count = deployment.entities.filter((entity) => entity.outcome === outcome).length;
        return count === 0 && outcome === 'deleted' ? [] : [`${count} ${outcome}`];
      });
      this.log(
        `${this.palette.green('✓')} ${deployment.flow} was deployed to ${deployment.apihost}: ${counts.join(', ')}`,
      );
      const schedules = await this.#schedules(bundle.manifest.triggers ?? [], whisk);
      return { ...deployment, ...(schedules.length > 0 && { schedules }) };
    } finally {
      store.close();
      whisk.close();
    }
  }

  /** Prints when the flow starts next, and which of its schedules are paused. */
  async #schedules(triggers: readonly ManifestTrigger[], whisk: Whisk): Promise<SetSchedule[]> {
    const rules = triggers.flatMap(({ schedule, rule }) => (schedule ? [rule] : []));
    if (rules.length === 0) return [];
    const [{ scheduleText, setSchedules }, found] = await Promise.all([
      import('../../platform/deploy/feed-schedules.ts'),
      Promise.all(rules.map((rule) => whisk.getRule(rule))),
    ]);
    const paused = rules.filter((_, index) => {
      const rule = found[index];
      return rule !== undefined && rule !== 'elsewhere' && !rule.isActive;
    });
    const schedules = setSchedules(triggers, Date.now(), new Set(paused));
    for (const schedule of schedules) this.log(`  schedule ${scheduleText(schedule)}`);
    return schedules;
  }

  /** Compiling inspects the flow's Python; fetching packages needs pip. */
  async #python(chosen: string | undefined): Promise<string> {
    return chosen ?? (await (await import('../../twin/host/python-env.ts')).findPython()).path;
  }

  async #local(home: string) {
    const { startPlatform } = await import('../../twin/host/platform.ts');
    return (await startPlatform(home, reportTo(process.stderr))).platform;
  }

  async #cluster(flags: WhiskOptions & StoreFlags & { python?: string | undefined }) {
    return { ...(await clusterSettings(flags)), python: await this.#python(flags.python) };
  }
}
