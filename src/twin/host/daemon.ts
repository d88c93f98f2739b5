import { SystemError, UserError } from '../../base/errors.ts';
import type { DaemonConfig, DaemonMessage } from './daemon-messages.ts';
import { homePaths } from './platform-state.ts';
import { type LocalServers, startServers } from './servers.ts';

/** An unused platform frees its memory; the next `nuvopipe run` starts it again in a second or two. */
const IDLE_LIMIT_MS = 60 * 60_000;
/** Number of idle checks per limit. */
const IDLE_CHECKS = 20;

/** The background process of a local platform: it hosts the servers until it is stopped or unused. */
function main(): void {
  let servers: LocalServers | undefined;
  let ready = false;
  let ending = false;

  const end = async (code: number) => {
    if (ending) return;
    ending = true;
    await servers?.close();
    process.exit(code);
  };
  const fail = (error: unknown) => {
    if (!ending) console.error(new Date().toISOString(), error);
    return end(1);
  };

  process.on('SIGTERM', () => end(0));
  process.on('SIGINT', () => end(0));
  process.on('SIGHUP', () => {});
  process.on('disconnect', () => {
    if (!ready) void end(0);
  });
  process.once('message', async (config: DaemonConfig) => {
    try {
      servers = await startServers(config, (text) => void tell({ type: 'note', text }));
      servers.failed.catch(fail);
      endWhenIdle(servers, config.idleLimitMs ?? IDLE_LIMIT_MS, () => end(0));
      ready = true;
      await tell({ type: 'ready' });
    } catch (error) {
      await tell({ type: 'failed', error: described(error, homePaths(config.home).log) });
      await fail(error);
    }
  });
}

/** Resolves once the message is sent. The receiver might have ended. */
function tell(message: DaemonMessage): Promise<void> {
  return new Promise((resolve) => {
    if (process.connected) process.send?.(message, undefined, undefined, () => resolve());
    else resolve();
  });
}

function described(error: unknown, log: string): (DaemonMessage & { type: 'failed' })['error'] {
  if (error instanceof UserError || error instanceof SystemError) {
    const { code, message, hint } = error;
    return { user: error instanceof UserError, code, message, ...(hint === undefined ? {} : { hint }) };
  }
  const message = `the local platform did not start: ${(error as Error).message}`;
  return { user: false, code: 'platform-start', message, hint: `see ${log}` };
}

function endWhenIdle(servers: LocalServers, limitMs: number, stop: () => void): void {
  setInterval(() => {
    if (servers.idleMs() >= limitMs) stop();
  }, limitMs / IDLE_CHECKS).unref();
}

main();
