import {
  type Completed,
  type CompletedCommand,
  type CompletedFlag,
  type CompletedValue,
  FLOW_ENDINGS,
  TEST_ENDINGS,
} from './completed.ts';

/** A completion script for fish 3 or newer. */
export function fishCompletion({ program, commands, topics }: Completed): string {
  const complete = `complete -c ${program}`;
  const at = (words: readonly string[]) => quoted([`__${program}_at`, ...words].join(' '));
  const first = [
    ...commands.filter(({ words }) => words.length === 1).map(({ words, summary }) => ({ word: words[0], summary })),
    ...topics,
  ];
  const offered = [
    ...first.map(({ word, summary }) => `${complete} -n ${at([])} -a ${word} -d ${quoted(summary)}`),
    ...commands
      .filter(({ words }) => words.length === 2)
      .map(({ words, summary }) => `${complete} -n ${at([words[0] as string])} -a ${words[1]} -d ${quoted(summary)}`),
  ];
  return `# fish completion of ${program}: ${program} completion fish > ~/.config/fish/completions/${program}.fish

# Whether the words before the cursor are those of $argv, and no more.
function __${program}_at
    set -l words (commandline -opc)
    test "$words[2..]" = "$argv"
end

# Whether the words before the cursor begin with those of $argv.
function __${program}_in
    set -l words (commandline -opc)
    set -l last (math (count $argv) + 1)
    test (count $words) -ge $last; and test "$words[2..$last]" = "$argv"
end

# Files with one of the endings $argv, and folders.
function __${program}_files
    set -l ends (string join '|' (string escape --style=regex -- $argv))
    __fish_complete_path (commandline -ct) | string match -r ".*(?:/|$ends)(?:\\t.*)?"'$'
end

${complete} -f
${offered.join('\n')}
${commands.flatMap((command) => ofCommand(program, command)).join('\n')}
`;
}

function ofCommand(program: string, { words, flags, argument }: CompletedCommand): string[] {
  const complete = `complete -c ${program} -n ${quoted([`__${program}_in`, ...words].join(' '))}`;
  const values = argument === undefined ? '' : offer(program, argument);
  return [
    ...flags.map((flag) => `${complete} ${ofFlag(program, flag)}`),
    ...(values === '' ? [] : [`${complete} -k -a ${quoted(values)}`]),
  ];
}

function ofFlag(program: string, { name, char, summary, value }: CompletedFlag): string {
  const forms = [`-l ${name}`, ...(char ? [`-s ${char}`] : [])];
  const values = value === undefined ? '' : offer(program, value);
  return [
    ...forms,
    ...(value === undefined ? [] : ['-x']),
    ...(values === '' ? [] : [`-a ${quoted(values)}`]),
    `-d ${quoted(summary)}`,
  ].join(' ');
}

function offer(program: string, value: CompletedValue): string {
  switch (value.kind) {
    case 'choice':
      return value.choices.join(' ');
    case 'flow':
      return `(__${program}_files ${FLOW_ENDINGS.join(' ')})`;
    case 'test':
      return `(__${program}_files ${TEST_ENDINGS.join(' ')})`;
    case 'file':
      return '(__fish_complete_path)';
    case 'folder':
      return '(__fish_complete_directories)';
    case 'text':
      return '';
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
