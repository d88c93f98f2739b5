import { once } from 'node:events';
import { integer } from '@oclif/core/flags';
import { startMetadataService } from '../../platform/metadata/service.ts';
import { BaseCommand } from '../base-command.ts';
import { chosenStore, storeFlags } from '../flags/store-flags.ts';

/** Default port of Metaflow's own metadata service. */
const DEFAULT_PORT = 8080;

export default class Metadata extends BaseCommand {
  static override summary = 'Serve Metaflow’s metadata API for the runs of a datastore until interrupted.';
  static override description =
    'Reads runs and changes their tags. Listens on 127.0.0.1 only: all local users can see all runs.';
  static override examples = ['<%= config.bin %> <%= command.id %> --port 8080 --datastore s3://bucket/metaflow'];
  static override flags = {
    port: integer({
      description: 'port to listen on; 0 for any free port',
      default: DEFAULT_PORT,
      min: 0,
      max: 65_535,
    }),
    ...storeFlags,
  };

  override async run(): Promise<{ url: string; datastore: string }> {
    const { flags } = await this.parse(Metadata);
    const { openStore } = await import('../../platform/s3/store.ts');
    const store = await openStore(await chosenStore(flags));
    const service = await startMetadataService({ store, port: flags.port });
    this.logToStderr(`Serving ${store.root} at ${service.url}; stop it with Ctrl-C. Settings for Metaflow’s client:`);
    for (const [name, value] of clientVariables(service.url, store.root)) this.logToStderr(`  export ${name}=${value}`);
    await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
    await service.close();
    store.close();
    return { url: service.url, datastore: store.root };
  }
}

function clientVariables(url: string, root: string): [name: string, value: string][] {
  return [
    ['METAFLOW_SERVICE_URL', url],
    ['METAFLOW_DEFAULT_METADATA', 'service'],
    ['METAFLOW_DEFAULT_DATASTORE', 's3'],
    ['METAFLOW_DATASTORE_SYSROOT_S3', root],
  ];
}
