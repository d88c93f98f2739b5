import { stat } from 'node:fs/promises';
import { string as argument } from '@oclif/core/args';
import { boolean, string } from '@oclif/core/flags';
import { BaseCommand } from '../cli/base-command.ts';
import { type StoreFlags, storeFlags } from '../cli/store-flags.ts';
import { whiskFlags } from '../cli/whisk-flags.ts';
import type { Deployment, Outcome } from '../deploy/deploy.ts';
import { reportTo } from '../local/report.ts';
import type { Bundle } from '../model/manifest.ts';
import { paletteFor } from '../palette.ts';

const OUTCOME_ORDER: readonly Outcome[] = ['created', 'updated', 'unchanged'];

export default class Deploy extends BaseCommand {
  static override summary = 'Put a flow on an OpenWhisk; what is there already and has not changed stays as it is.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> flow.yaml --local',
    '<%= config.bin %> <%= command.id %> flow.yaml --datastore s3://bucket/metaflow',
    '<%= config.bin %> <%= command.id %> build/HelloFlow --apihost https://host --auth uuid:key --datastore s3://bucket/x',
  ];
  static override args = {
    flow: argument({ required: true, description: 'a flow file, or the folder of a compiled bundle', name: 'FLOW' }),
  };
  static override flags = {
    local: boolean({ description: 'to the local platform, which is started if it does not run' }),
    ...whiskFlags,
    ...storeFlags,
    python: string({
      description: 'interpreter whose pip fetches packages; by default the newest suitable one',
      helpValue: 'PATH',
    }),
  };

  override async run(): Promise<Deployment> {
    const { args, flags } = await this.parse(Deploy);
    // All that the user may have to put right comes before anything is started or fetched.
    const bundle = await this.#bundle(args.flow);
    const [{ deployBundle }, { metaflowUser }, { openWhisk }, { openStore }] = await Promise.all([
      import('../deploy/deploy.ts'),
      import('../deploy/user.ts'),
      import('../whisk/client.ts'),
      import('../store/store.ts'),
    ]);
    const target = flags.local ? await this.#local(flags.home) : await this.#cluster(flags);
    const whisk = openWhisk(target.whisk);
    const store = await openStore(target.store);
    try {
      const deployment = await deployBundle({
        bundle,
        whisk,
        store,
        python: flags.python ?? target.python,
        home: flags.home,
        vendored: !flags.local,
        user: metaflowUser(),
        report: reportTo(process.stderr),
      });
      const counts = OUTCOME_ORDER.map((outcome) => {
        const count = deployment.entities.filter((entity) => entity.outcome === outcome).length;
        return `${count} ${outcome}`;
      });
      this.log(
        `${this.palette.green('✓')} ${deployment.flow} is deployed to ${deployment.apihost}: ${counts.join(', ')}`,
      );
      return deployment;
    } finally {
      store.close();
      whisk.close();
    }
  }

  async #bundle(path: string): Promise<Bundle> {
    const isFolder = await stat(path).then(
      (stats) => stats.isDirectory(),
      () => false,
    );
    if (isFolder) return (await import('../compile/bundle-folder.ts')).readBundle(path);
    const [{ bundleOf, compileFlow }, { renderDiagnostics }] = await Promise.all([
      import('../compile/index.ts'),
      import('../syntax/render.ts'),
    ]);
    const result = await compileFlow(path);
    const bundle = bundleOf(result);
    const { source, diagnostics } = result;
    if (diagnostics.length > 0) this.logToStderr(renderDiagnostics(diagnostics, source, paletteFor(process.stderr)));
    return bundle;
  }

  async #local(home: string) {
    const { startPlatform } = await import('../local/platform.ts');
    return (await startPlatform(home, reportTo(process.stderr))).platform;
  }

  async #cluster(flags: Parameters<typeof import('../whisk/settings.ts').whiskSettings>[0] & StoreFlags) {
    const [{ whiskSettings }, { storeSettings }, { findPython }] = await Promise.all([
      import('../whisk/settings.ts'),
      import('../store/settings.ts'),
      import('../local/python-env.ts'),
    ]);
    const whisk = await whiskSettings(flags);
    return { whisk, store: await storeSettings(flags), python: (await findPython()).path };
  }
}
