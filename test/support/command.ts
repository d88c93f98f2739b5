import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');

export interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface RunningCommand {
  child: ChildProcess;
  /** What it has said on stderr so far. */
  stderr(): string;
  done: Promise<Outcome>;
}

/** Runs a command from its sources in a process of its own, as a user does: `startCommand('local/start', ['--json'])`. */
export function startCommand(name: string, args: string[], env: NodeJS.ProcessEnv = {}): RunningCommand {
  const file = new URL(`../../src/cli/commands/${name}.ts`, import.meta.url).href;
  const script = `import Command from '${file}'; await Command.run(process.argv.slice(1), ${JSON.stringify(root)});`;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', script, '--', ...args], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (data) => {
    stdout += data;
  });
  child.stderr.on('data', (data) => {
    stderr += data;
  });
  const done = new Promise<Outcome>((resolve) => {
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
  return { child, stderr: () => stderr, done };
}

export function runCommand(name: string, args: string[], env: NodeJS.ProcessEnv = {}): Promise<Outcome> {
  return startCommand(name, args, env).done;
}
