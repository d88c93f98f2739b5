import type { Command, Config } from '@oclif/core';

/** What a shell offers for an argument or flag value. `text`: nothing is offered. */
export type CompletedValue =
  | { kind: 'choice'; choices: readonly string[] }
  | { kind: 'flow' | 'test' | 'file' | 'folder' | 'text' };

export interface CompletedFlag {
  name: string;
  /** The short form. */
  char?: string;
  summary: string;
  /** Absent if the flag takes no value. */
  value?: CompletedValue;
  /** Can be repeated. */
  repeats: boolean;
}

export interface CompletedCommand {
  /** `run`, or `local` and `start`. */
  words: readonly string[];
  summary: string;
  /** In the order of their names. */
  flags: readonly CompletedFlag[];
  /** What the command expects; absent if nothing can be offered. */
  argument?: CompletedValue;
}

/** A group of commands under one word. */
export interface CompletedTopic {
  word: string;
  summary: string;
}

export interface Completed {
  /** Name of the program. */
  program: string;
  /** In the order of their words. */
  commands: readonly CompletedCommand[];
  topics: readonly CompletedTopic[];
}

/** Flow files and bundle folders. */
export const FLOW_ENDINGS = ['.yaml', '.yml'] as const;

/** Test files and their folders. */
export const TEST_ENDINGS = ['.test.yaml', '.test.yml'] as const;

/** Kinds of arguments, by name. */
const ARGUMENTS: Readonly<Record<string, CompletedValue>> = {
  flow: { kind: 'flow' },
  path: { kind: 'test' },
  dir: { kind: 'folder' },
};

/** Kinds of flag values, by the name in the help. */
const FLAG_VALUES: Readonly<Record<string, CompletedValue>> = {
  FILE: { kind: 'file' },
  PATH: { kind: 'file' },
  DIR: { kind: 'folder' },
};

const HELP: CompletedFlag = { name: 'help', summary: 'Show help.', repeats: false };

/** Extracts what shells can complete from oclif's manifest. */
export function completedOf({ bin, commands, topics }: Config): Completed {
  const visible = commands.filter(({ hidden }) => hidden !== true);
  return {
    program: bin,
    commands: visible
      .map((command) => commandOf(command))
      .toSorted((a, b) => (a.words.join(' ') < b.words.join(' ') ? -1 : 1)),
    topics: topics.flatMap(({ name, description = '' }) =>
      visible.some(({ id }) => id.startsWith(`${name}:`)) ? [{ word: name, summary: description }] : [],
    ),
  };
}

function commandOf({ id, summary = '', flags, args }: Command.Loadable): CompletedCommand {
  const [first] = Object.entries(args);
  const argument = first === undefined ? undefined : argumentOf(...first);
  const own = Object.values(flags).filter(({ hidden }) => hidden !== true);
  return {
    words: id.split(':'),
    summary: summary.split('\n')[0] as string,
    flags: [...own.map((flag) => flagOf(flag)), HELP].toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    ...(argument && { argument }),
  };
}

function argumentOf(name: string, { options }: Command.Arg.Cached): CompletedValue | undefined {
  return options === undefined ? ARGUMENTS[name] : { kind: 'choice', choices: options };
}

function flagOf(flag: Command.Flag.Cached): CompletedFlag {
  const { name, char, description = '' } = flag;
  const common = { name, ...(char && { char }), summary: flag.summary ?? description.split('\n')[0] ?? '' };
  if (flag.type === 'boolean') return { ...common, repeats: false };
  const value: CompletedValue = flag.options
    ? { kind: 'choice', choices: flag.options }
    : (FLAG_VALUES[String(flag.helpValue)] ?? { kind: 'text' });
  return { ...common, value, repeats: flag.multiple === true };
}
