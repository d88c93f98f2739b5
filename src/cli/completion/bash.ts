import { type Completed, type CompletedCommand, type CompletedValue, FLOW_ENDINGS, TEST_ENDINGS } from './completed.ts';

/** A completion script for bash 3.2 or newer. */
export function bashCompletion({ program, commands, topics }: Completed): string {
  const f = `_${program}`;
  const first = [...new Set(commands.map(({ words }) => words[0] as string))];
  const under = (topic: string) => commands.flatMap(({ words }) => (words[0] === topic ? (words[1] ?? []) : []));
  return `# bash completion of ${program}; add to ~/.bashrc: eval "$(${program} completion bash)"

# Offers the words of $1.
${f}_words() {
  COMPREPLY=($(compgen -W "$1" -- "$current"))
}

# Offers folders, and the files with one of the endings $@.
${f}_files() {
  compopt -o filenames 2>/dev/null
  local name ending
  while IFS= read -r name; do COMPREPLY+=("$name"); done < <(
    compgen -d -- "$current"
    for ending in "$@"; do compgen -f -X "!*$ending" -- "$current"; done
  )
}

${f}() {
  local current=\${COMP_WORDS[COMP_CWORD]} flag=\${COMP_WORDS[COMP_CWORD - 1]} command=\${COMP_WORDS[1]}
  COMPREPLY=()
  # bash splits words at "=".
  if [ "$current" = = ]; then
    current=
  elif [ "$flag" = = ]; then
    flag=\${COMP_WORDS[COMP_CWORD - 2]}
  fi
  if [ "$COMP_CWORD" = 1 ]; then
    ${f}_words ${quoted(first.join(' '))}
    return
  fi
${topics
  .map(
    ({ word }) => `  if [ "$command" = ${word} ]; then
    if [ "$COMP_CWORD" = 2 ]; then
      ${f}_words ${quoted(under(word).join(' '))}
      return
    fi
    command="${word} \${COMP_WORDS[2]}"
  fi
`,
  )
  .join('')}  case $command in
${commands.map((command) => ofCommand(f, command)).join('\n')}
  esac
}

complete -F ${f} ${program}
`;
}

function ofCommand(f: string, { words, flags, argument }: CompletedCommand): string {
  const names = (name: string, char?: string) => [`--${name}`, ...(char ? [`-${char}`] : [])];
  const values = flags.flatMap(({ name, char, value }) =>
    value === undefined ? [] : [`        ${names(name, char).join(' | ')}) ${offer(f, value)}return ;;`],
  );
  const all = flags.flatMap(({ name, char }) => names(name, char)).join(' ');
  const otherwise = argument === undefined ? '' : `*) ${offer(f, argument)};; `;
  return `    ${quoted(words.join(' '))})
      case $flag in
${values.join('\n')}
      esac
      case $current in -*) ${f}_words ${quoted(all)} ;; ${otherwise}esac
      ;;`;
}

function offer(f: string, value: CompletedValue): string {
  switch (value.kind) {
    case 'choice':
      return `${f}_words ${quoted(value.choices.join(' '))}; `;
    case 'flow':
      return `${f}_files ${FLOW_ENDINGS.join(' ')}; `;
    case 'test':
      return `${f}_files ${TEST_ENDINGS.join(' ')}; `;
    case 'file':
      return `${f}_files ''; `;
    case 'folder':
      return `${f}_files; `;
    case 'text':
      return '';
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
