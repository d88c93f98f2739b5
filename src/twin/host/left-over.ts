import { execFile } from 'node:child_process';
import { readdir, readFile, readlink, realpath } from 'node:fs/promises';
import { sep } from 'node:path';
import { promisify } from 'node:util';
import { LAUNCHERS_DIR } from '../../base/package-files.ts';

/**
 * Stops the containers of a killed daemon: idle ones end by themselves, but one in the middle of a step would
 * continue until the step ends. A container is recognised by its program and its working directory, which is in
 * `folder`; everything the step started is in its process group.
 */
export async function endContainers(folder: string): Promise<void> {
  const place = (await realpath(folder).catch(() => folder)) + sep;
  for (const { group, command, cwd } of await processes()) {
    // Every container runs a launcher or is forked from one.
    if (command.includes(LAUNCHERS_DIR) && `${cwd}${sep}`.startsWith(place)) killGroup(group);
  }
}

interface Process {
  /** ID of its process group. */
  group: number;
  command: string;
  cwd: string;
}

async function processes(): Promise<Process[]> {
  return process.platform === 'linux' ? fromProc() : fromPs();
}

async function fromProc(): Promise<Process[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async (pid) => {
      try {
        const [stat, command, cwd] = await Promise.all([
          readFile(`/proc/${pid}/stat`, 'utf8'),
          readFile(`/proc/${pid}/cmdline`, 'utf8'),
          readlink(`/proc/${pid}/cwd`),
        ]);
        // After the name in parentheses: state, parent, group (proc(5)).
        const group = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2]);
        return [{ group, command, cwd }];
      } catch {
        // It has ended, or belongs to someone else.
        return [];
      }
    }),
  );
  return found.flat();
}

async function fromPs(): Promise<Process[]> {
  const run = promisify(execFile);
  const { stdout } = await run('ps', ['-axo', 'pid=,pgid=,command=']);
  const launched = stdout.split('\n').filter((line) => line.includes(LAUNCHERS_DIR));
  const found = launched.map(async (line) => {
    const [, pid = '', group, command = ''] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
    // `n` lines of lsof hold the name of what is open: of `cwd`, the directory.
    const open = await run('lsof', ['-a', '-d', 'cwd', '-p', pid, '-Fn']).catch(() => ({ stdout: '' }));
    return { group: Number(group), command, cwd: /^n(.*)$/m.exec(open.stdout)?.[1] ?? '' };
  });
  return Promise.all(found);
}

function killGroup(group: number): void {
  // 0 and 1 would mean this process's own group and all processes.
  if (!(group > 1)) return;
  try {
    process.kill(-group, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
