import { readdir, readFile } from 'node:fs/promises';

/** Linux's `USER_HZ`, in which `/proc/PID/stat` counts. */
const TICKS_PER_SECOND = 100;

/** Of every process that has some. */
export async function childrenOf(): Promise<Map<number, number[]>> {
  const children = new Map<number, number[]>();
  for (const name of await readdir('/proc')) {
    const parent = /^\d+$/.test(name) ? (await statOf(Number(name)))?.parent : undefined;
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  return children;
}

/** CPU seconds of the Python processes below one, of those that have ended, too. */
export async function pythonCpuBelow(pid: number): Promise<number> {
  const children = await childrenOf();
  const below = async (parent: number): Promise<number> => {
    const found = await Promise.all(
      (children.get(parent) ?? []).map(async (child) => {
        const stat = await statOf(child);
        const own = stat?.command.startsWith('python') ? stat.cpuSeconds : 0;
        return own + (await below(child));
      }),
    );
    return found.reduce((sum, seconds) => sum + seconds, 0);
  };
  return below(pid);
}

interface Stat {
  command: string;
  parent: number;
  /** Its own, and that of its children which it has waited for. */
  cpuSeconds: number;
}

async function statOf(pid: number): Promise<Stat | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const [, command, rest] = /^\d+ \((.*)\) (.*)$/s.exec(text) ?? [];
  if (command === undefined || rest === undefined) return undefined;
  // proc(5): from the third field on; the fourth is the parent, 14 to 17 are utime, stime, cutime and cstime.
  const fields = rest.split(' ').map(Number);
  const ticks = fields.slice(11, 15).reduce((sum, value) => sum + value, 0);
  return { command, parent: fields[1] as number, cpuSeconds: ticks / TICKS_PER_SECOND };
}
