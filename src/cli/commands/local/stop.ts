import { reportTo } from '../../../base/terminal/progress.ts';
import { local } from '../../../index.ts';
import { BaseCommand } from '../../base-command.ts';
import { onProgressOf } from '../../views/on-progress.ts';

export default class LocalStop extends BaseCommand {
  static override summary = 'Stop the local platform. Flows, runs and artifacts are kept for the next start.';

  static override examples = ['<%= config.bin %> local stop'];

  async run(): Promise<{ stopped: boolean }> {
    const { flags } = await this.parse(LocalStop);
    const stopped = await local.stop({ home: flags.home, onProgress: onProgressOf(reportTo(process.stderr)) });
    this.log(stopped ? 'The local platform has stopped.' : 'The local platform is not running.');
    return { stopped };
  }
}
