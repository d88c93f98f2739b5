import { local, type PlatformStatus } from '../../../index.ts';
import { BaseCommand } from '../../base-command.ts';

export default class LocalStatus extends BaseCommand {
  static override summary = 'Show whether the local platform is running, and its addresses.';

  static override examples = ['<%= config.bin %> local status'];

  async run(): Promise<PlatformStatus> {
    const { flags } = await this.parse(LocalStatus);
    const status = await local.status(flags);
    if (!status.running) {
      this.log(`The local platform in ${status.home} is not running.`);
      return status;
    }
    const { platform, versions, counts } = status;
    const rows = [
      ['OpenWhisk', `${platform.apihost}  (namespace ${platform.namespace})`],
      ['S3', `${platform.s3}  (${platform.datastore})`],
      ['Metaflow', platform.metadata],
      ['home', status.home],
      ['process', `${platform.pid}, up ${duration(status.uptimeMs)}`],
      [
        'versions',
        Object.entries(versions)
          .map((entry) => entry.join(' '))
          .join(', '),
      ],
      [
        'holds',
        Object.entries(counts)
          .map(([what, count]) => `${count} ${what}`)
          .join(', '),
      ],
    ];
    for (const [name = '', value] of rows) this.log(`${this.palette.bold(name.padEnd(10))} ${value}`);
    return status;
  }
}

function duration(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  const units = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const first = units.findIndex((value, index) => value > 0 || index === units.length - 1);
  return units
    .slice(first)
    .map((value, index) => `${value} ${'hms'[first + index]}`)
    .join(' ');
}
