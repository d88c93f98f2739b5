import {
  type Completed,
  type CompletedCommand,
  type CompletedFlag,
  type CompletedValue,
  FLOW_ENDINGS,
  TEST_ENDINGS,
} from './completed.ts';

/** A completion function for zsh, to source or to install as `_nuvopipe` in a folder of `fpath`. */
export function zshCompletion({ program, commands, topics }: Completed): string {
  const f = `_${program}`;
  const top = commands.filter(({ words }) => words.length === 1);
  const under = (topic: string) => commands.filter(({ words }) => words.length === 2 && words[0] === topic);
  const described = [
    ...top.map(({ words, summary }) => ({ word: words[0] as string, summary })),
    ...topics.map(({ word, summary }) => ({ word, summary })),
  ].toSorted((a, b) => (a.word < b.word ? -1 : 1));
  return `#compdef ${program}
# zsh completion of ${program}: ${program} completion zsh > "\${fpath[1]}/_${program}"

${topics.map(({ word }) => dispatch(`${f}_${word}`, commandWords(under(word)), under(word).map(ofCommand))).join('\n')}
${dispatch(f, described, [...top.map(ofCommand), ...topics.map(({ word }) => `        ${word}) ${f}_${word} ;;`)])}
if [ "\${funcstack[1]}" = ${f} ]; then
  ${f} "$@"
else
  compdef ${f} ${program}
fi
`;
}

interface Described {
  word: string;
  summary: string;
}

function commandWords(commands: readonly CompletedCommand[]): Described[] {
  return commands.map(({ words, summary }) => ({ word: words.at(-1) as string, summary }));
}

/** A function that offers commands first, then the arguments of the given one. */
function dispatch(name: string, described: readonly Described[], cases: readonly string[]): string {
  return `${name}() {
  local curcontext=$curcontext state line
  local -a commands=(
${described.map(({ word, summary }) => `    ${quoted(`${word}:${summary}`)}`).join('\n')}
  )
  _arguments -C '1: :->command' '*:: :->rest'
  case $state in
    command) _describe command commands ;;
    rest)
      case $words[1] in
${cases.join('\n')}
      esac
      ;;
  esac
}
`;
}

function ofCommand({ words, flags, argument }: CompletedCommand): string {
  const specs = flags.flatMap((flag) => specsOf(flag));
  if (argument !== undefined && argument.kind !== 'text') specs.push(quoted(`*:${argument.kind}:${action(argument)}`));
  return `        ${words.at(-1)})
          _arguments \\
${specs.map((spec) => `            ${spec}`).join(' \\\n')}
          ;;`;
}

function specsOf({ name, char, summary, value, repeats }: CompletedFlag): string[] {
  const forms = [`--${name}`, ...(char ? [`-${char}`] : [])];
  const before = repeats ? '*' : forms.length > 1 ? `(${forms.join(' ')})` : '';
  const after = value === undefined ? '' : `:${name}:${action(value)}`;
  return forms.map((form) => {
    const takes = value !== undefined && form.startsWith('--') ? '=' : '';
    return quoted(`${before}${form}${takes}[${summary.replace(/[[\]\\:]/g, '\\$&')}]${after}`);
  });
}

function action(value: CompletedValue): string {
  switch (value.kind) {
    case 'choice':
      return `(${value.choices.join(' ')})`;
    case 'flow':
      return `_files -g "${pattern(FLOW_ENDINGS)}"`;
    case 'test':
      return `_files -g "${pattern(TEST_ENDINGS)}"`;
    case 'file':
      return '_files';
    case 'folder':
      return '_files -/';
    case 'text':
      return ' ';
  }
}

/** `*.(yaml|yml)`: files only; zsh also offers folders. */
function pattern(endings: readonly string[]): string {
  return `*(${endings.join('|')})(-.)`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
