import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { Config } from '@oclif/core/config';
import { bashCompletion } from '../../src/cli/completion/bash.ts';
import type { Completed } from '../../src/cli/completion/completed.ts';
import { completedOf } from '../../src/cli/completion/completed.ts';
import { fishCompletion } from '../../src/cli/completion/fish.ts';
import { zshCompletion } from '../../src/cli/completion/zsh.ts';

const root = join(import.meta.dirname, '../..');

interface Shell {
  name: string;
  write(completed: Completed): string;
  /** A program of the shell that prints what it offers for `$LINE`, with the completion in the file `$SCRIPT`. */
  program: string;
}

const BASH: Shell = {
  name: 'bash',
  write: bashCompletion,
  program: `
    source "$SCRIPT"
    # As readline splits a line: at blanks and at "=".
    eval "COMP_WORDS=(\${LINE//=/ = })"
    case $LINE in *' ' | *=) COMP_WORDS+=('') ;; esac
    COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
    _nuvopipe
    printf '%s\\n' "\${COMPREPLY[@]}"`,
};

const ZSH: Shell = {
  name: 'zsh',
  write: zshCompletion,
  // Completion needs an interactive shell, and so a terminal; END is shown once the choices are.
  program: `
    zmodload zsh/zpty zsh/zselect
    zpty shell "zsh -f -i"
    zpty -w shell 'autoload -Uz compinit; compinit -u; source "$SCRIPT"; stty cols 200 rows 100; PS1=
      finish() { zle -M "END" }; zle -N finish; bindkey "^G" finish; bindkey "^I" list-choices; print REA""DY'
    zpty -r shell output $'*READY\\r\\n*'
    zpty -w -n shell "$LINE"$'\\t\\a'
    output=
    until [[ $output == *END* ]]; do
      if zpty -r -t shell part; then output+=$part; else zselect -t 2; fi
    done
    print -r -- "$output"
    zpty -d shell`,
};

const FISH: Shell = {
  name: 'fish',
  write: fishCompletion,
  program: 'source $SCRIPT; complete -C "$LINE"',
};

/** bash is on every machine that builds nuvopipe. */
const installed = [BASH, ...[ZSH, FISH].filter(({ name }) => spawnSync(name, ['-c', 'exit']).status === 0)];

for (const { name, write, program } of installed) {
  describe(`completion for ${name}`, () => {
    let folder: string;

    before(async () => {
      folder = mkdtempSync(join(tmpdir(), 'nuvopipe-completion-'));
      writeFileSync(join(folder, 'script'), write(completedOf(await Config.load(root))));
      mkdirSync(join(folder, 'work/some flows'), { recursive: true });
      for (const file of ['flow.yaml', 'other.yml', 'flow.test.yaml', 'notes.txt', 'some flows/inner.yaml'])
        writeFileSync(join(folder, 'work', file), '');
    });

    after(() => rmSync(folder, { recursive: true }));

    /** Which of the words are offered for a line, with or without a description. */
    function offered(line: string, words: readonly string[]): string[] {
      const { stdout, stderr, status } = spawnSync(name, ['-c', program], {
        cwd: join(folder, 'work'),
        encoding: 'utf8',
        timeout: 10_000,
        env: { PATH: process.env.PATH, HOME: folder, TERM: 'xterm', LINE: line, SCRIPT: join(folder, 'script') },
      });
      assert.equal(status, 0, stderr);
      assert.equal(stderr, '');
      // zsh escapes blanks, and shows the line itself, too.
      const shown = stripVTControlCharacters(stdout).replaceAll('\\ ', ' ').replaceAll(line.trim(), '');
      return words.filter((word) => new RegExp(`(^|\\s)${word}(/|\\s|$)`).test(shown));
    }

    it('offers commands and topics', () => {
      assert.deepEqual(offered('nuvopipe ', ['run', 'local', 'completion', 'start', 'flow.yaml']), [
        ...['run', 'local', 'completion'],
      ]);
      assert.deepEqual(offered('nuvopipe com', ['compile', 'completion', 'run']), ['compile', 'completion']);
    });

    it('offers the commands of a topic', () => {
      assert.deepEqual(offered('nuvopipe local st', ['start', 'status', 'stop', 'env']), ['start', 'status', 'stop']);
    });

    it('offers flow files and folders where a command takes a flow', () => {
      const names = ['flow.yaml', 'other.yml', 'some flows', 'notes.txt'];
      for (const command of ['validate', 'run', 'deploy']) {
        assert.deepEqual(offered(`nuvopipe ${command} `, names), ['flow.yaml', 'other.yml', 'some flows'], command);
      }
      assert.deepEqual(offered('nuvopipe run --json fl', names), ['flow.yaml']);
    });

    it('offers test files and folders for flow tests', () => {
      const names = ['flow.yaml', 'flow.test.yaml', 'some flows', 'notes.txt'];
      assert.deepEqual(offered('nuvopipe test ', names), ['flow.test.yaml', 'some flows']);
    });

    it('offers no files where a command takes a run', () => {
      assert.deepEqual(offered('nuvopipe logs ', ['flow.yaml', 'notes.txt', 'some flows']), []);
    });

    it('offers the flags of a command', () => {
      assert.deepEqual(offered('nuvopipe compile --', ['--output', '--json', '--help', '--follow']), [
        ...['--output', '--json', '--help'],
      ]);
      assert.deepEqual(offered('nuvopipe local start --', ['--port', '--output']), ['--port']);
    });

    it('offers the values of a flag', () => {
      const values = ['terminal', 'mermaid', 'svg', 'flow.yaml'];
      assert.deepEqual(offered('nuvopipe graph --format ', values), ['terminal', 'mermaid', 'svg']);
      assert.deepEqual(offered('nuvopipe schema ', ['flow', 'test', 'flow.yaml']), ['flow', 'test']);
    });

    it('offers files or folders as values of flags that take them', () => {
      const names = ['notes.txt', 'some flows'];
      assert.deepEqual(offered('nuvopipe deploy flow.yaml --secrets-file ', names), names);
      assert.deepEqual(offered('nuvopipe compile -o ', names), ['some flows']);
      assert.deepEqual(offered('nuvopipe run flow.yaml -p ', names), []);
    });
  });
}
