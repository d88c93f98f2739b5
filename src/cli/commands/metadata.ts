import { once } from 'node:events';
import { integer } from '@oclif/core/flags';
import { serveMetadata } from '../../index.ts';
import { BaseCommand } from '../base-command.ts';
import { chosenDatastore, storeFlags } from '../flags/store-flags.ts';

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
    const service = await serveMetadata(await chosenDatastore(flags), { port: flags.port });
    const { url, datastore } = service;
    this.logToStderr(`Serving ${datastore} at ${url}; stop it with Ctrl-C. Settings for Metaflow’s client:`);
    for (const [name, value] of clientVariables(url, datastore)) this.logToStderr(`  export ${name}=${value}`);
    await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
    await service.close();
    return { url, datastore };
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
