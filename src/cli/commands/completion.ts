import { string as argument } from '@oclif/core/args';
import { BaseCommand } from '../base-command.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

export default class Completion extends BaseCommand {
  static override summary = 'Print a script that completes commands, flags and flow files in a shell.';
  static override examples = [
    {
      description: 'bash: add this line to ~/.bashrc',
      command: 'eval "$(<%= config.bin %> <%= command.id %> bash)"',
    },
    {
      description: 'zsh: write the script to a folder of fpath',
      command: '<%= config.bin %> <%= command.id %> zsh > "$' + '{fpath[1]}/_<%= config.bin %>"',
    },
    {
      description: 'fish: write the script to its folder of completions',
      command: '<%= config.bin %> <%= command.id %> fish > ~/.config/fish/completions/<%= config.bin %>.fish',
    },
  ];
  static override args = {
    shell: argument({ required: true, description: 'the shell', name: 'SHELL', options: [...SHELLS] }),
  };

  override async run(): Promise<{ shell: Shell; script: string }> {
    const { args } = await this.parse(Completion);
    const shell = args.shell as Shell;
    const { completedOf } = await import('../completion/completed.ts');
    const script = (await writerOf(shell))(completedOf(this.config));
    if (!this.jsonEnabled()) this.log(script.trimEnd());
    return { shell, script };
  }
}

async function writerOf(shell: Shell) {
  switch (shell) {
    case 'bash':
      return (await import('../completion/bash.ts')).bashCompletion;
    case 'zsh':
      return (await import('../completion/zsh.ts')).zshCompletion;
    case 'fish':
      return (await import('../completion/fish.ts')).fishCompletion;
  }
}
