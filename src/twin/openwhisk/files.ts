/** Writing files so that a crash leaves the old content or the new, never half. */
import { randomUUID } from 'node:crypto';
import { renameSync, rmSync, writeFileSync } from 'node:fs';

export function writeFileAtomically(path: string, content: string): void {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    // Only its owner may read: actions' parameters can be secrets.
    writeFileSync(temporary, content, { mode: 0o600, flush: true });
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}
