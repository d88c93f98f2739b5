/** Writes files atomically: a crash leaves the old content or the new. */
import { randomUUID } from 'node:crypto';
import { renameSync, rmSync, writeFileSync } from 'node:fs';

export function writeFileAtomically(path: string, content: string): void {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    // Readable only by its owner, because parameters of actions can be secrets.
    writeFileSync(temporary, content, { mode: 0o600, flush: true });
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}
