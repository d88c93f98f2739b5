import { rm } from 'node:fs/promises';
import { writeFileAtomically } from '../../base/atomic-file.ts';
import { SystemError, UserError } from '../../base/errors.ts';
import { portTaken } from '../../base/listen.ts';
import { compilerVersion } from '../../base/package-files.ts';
import { startMetadataService } from '../../platform/metadata/service.ts';
import { openStore } from '../../platform/s3/store.ts';
import { ANY_IMAGE } from '../openwhisk/kinds.ts';
import { startWhisk } from '../openwhisk/server.ts';
import { watchRequests } from './activity.ts';
import { wskProperties } from './client-env.ts';
import type { DaemonConfig } from './daemon-messages.ts';
import { type LocalPorts, localSettings } from './platform-settings.ts';
import { homePaths, type Platform, writePrivateJson } from './platform-state.ts';
import { processIdentity } from './process-identity.ts';
import { startS3Server } from './s3-server.ts';

/** All servers of a local platform. */
export interface LocalServers {
  /** How long the platform has been idle; 0 while an activation runs or an alarm is set. */
  idleMs(): number;
  /** Rejects if one of them stops by itself. */
  failed: Promise<never>;
  close(): Promise<void>;
}

/** The namespace of a standalone OpenWhisk. */
const NAMESPACE = 'guest';

/** Metaflow takes longest to import, and every step needs it. */
const PRELOADED_MODULES = ['metaflow'];

/** There are no containers here: steps are Python whatever image a flow names. `nuvopipe deploy` warns about it. */
const IMAGES = { [ANY_IMAGE]: 'python:3' };

/**
 * Starts the S3 server, the metadata service and OpenWhisk, and then records in the home that they are running.
 *
 * @param note receives remarks for the user
 */
export async function startServers(config: DaemonConfig, note: (text: string) => void): Promise<LocalServers> {
  const paths = homePaths(config.home);
  const settings = await localSettings(paths);
  const opened: { close(): Promise<void> }[] = [];
  const close = async () => {
    await rm(paths.platform, { force: true });
    for (const server of opened.reverse().splice(0)) await server.close();
  };
  const open = async <T extends { close(): Promise<void> }>(
    what: keyof LocalPorts,
    start: (port: number) => Promise<T>,
  ) => {
    const fixed = what === 'whisk' ? config.port : undefined;
    const server = await onPort(SERVER_NAMES[what], fixed, settings.ports[what], note, start);
    opened.push(server);
    return server;
  };
  try {
    const s3 = await open('s3', (port) =>
      startS3Server({
        python: config.python.s3,
        dataFolder: paths.s3,
        logFile: paths.s3Log,
        port,
        accessKeyId: settings.accessKeyId,
        secretAccessKey: settings.secretAccessKey,
      }),
    );
    const store = await openStore(s3.store);
    opened.push({ close: async () => store.close() });
    const metadata = await open('metadata', (port) => startMetadataService({ store, port }));
    const whisk = await open('whisk', (port) =>
      startWhisk({
        port,
        stateDir: paths.whisk,
        auth: settings.auth,
        namespace: NAMESPACE,
        runtimes: {
          node: { executable: process.execPath },
          python: { executable: config.python.runtime },
          pythonPreload: PRELOADED_MODULES,
        },
        images: IMAGES,
        ...(settings.limits && { limits: settings.limits }),
        systemPackages: true,
        alarms: {},
      }),
    );
    const platform: Platform = {
      version: 1,
      nuvopipe: await compilerVersion(),
      pid: process.pid,
      identity: (await processIdentity(process.pid)) as string,
      started: Date.now(),
      whisk: { apihost: whisk.url, auth: settings.auth, namespace: NAMESPACE },
      store: s3.store,
      s3: s3.process,
      metadataUrl: metadata.url,
      python: config.python.runtime,
    };
    const ports = { whisk: whisk.port, s3: s3.port, metadata: Number(new URL(metadata.url).port) };
    writePrivateJson(paths.settings, { ...settings, ports });
    writeFileAtomically(paths.wskprops, wskProperties(platform));
    writePrivateJson(paths.platform, platform);
    const failed = s3.ended.then(() => {
      throw new SystemError('s3-server', 'the local S3 server stopped', `see ${paths.s3Log}`);
    });
    const activity = watchRequests();
    const idleMs = () => {
      const { busy, queued } = whisk.containers();
      if (busy + queued + whisk.activeAlarms() > 0) activity.seen();
      return activity.quietMs();
    };
    return { idleMs, failed, close };
  } catch (error) {
    await close();
    throw error;
  }
}

const SERVER_NAMES: Record<keyof LocalPorts, string> = {
  whisk: 'OpenWhisk API',
  s3: 'S3 server',
  metadata: 'Metaflow service',
};

/** Below the range that Linux and macOS use for outgoing connections, so that the port is free at the next start. */
const PORTS_FROM = 20_000;
const PORTS_TO = 30_000;
const PORT_TRIES = 20;

/** Starts a server on the requested port, else on the one used last, else on a free port. */
async function onPort<T>(
  name: string,
  fixed: number | undefined,
  last: number,
  note: (text: string) => void,
  start: (port: number) => Promise<T>,
): Promise<T> {
  for (let tries = 0; ; tries++) {
    const port = fixed ?? (tries === 0 && last !== 0 ? last : randomPort());
    try {
      return await start(port);
    } catch (error) {
      if (!isTaken(error)) throw error;
      if (fixed !== undefined || tries === PORT_TRIES) throw portTaken(`the ${name}`, port);
      if (port === last)
        note(`Port ${port} is already in use: the ${name} moves to another port. Deploy your flows again.`);
    }
  }
}

function randomPort(): number {
  return PORTS_FROM + Math.floor(Math.random() * (PORTS_TO - PORTS_FROM));
}

function isTaken(error: unknown): boolean {
  return error instanceof UserError && error.code === 'port-taken';
}
