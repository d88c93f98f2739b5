import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';
import { SystemError, UserError } from './errors.ts';
import { LOOPBACK } from './loopback.ts';

/**
 * Has a server listen on a port of this machine; 0 takes any free one.
 *
 * @param what names the server: `the metadata service`
 * @returns the port
 * @throws UserError `port-taken`, SystemError `cannot-listen`
 */
export async function listen(server: Server, port: number, what: string): Promise<number> {
  server.listen(port, LOOPBACK);
  try {
    await once(server, 'listening');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE') throw portTaken(what, port, error);
    throw new SystemError('cannot-listen', `${what} cannot listen on port ${port}: ${message}`, undefined, {
      cause: error,
    });
  }
  return (server.address() as AddressInfo).port;
}

/** Another program listens on the port. */
export function portTaken(what: string, port: number, cause?: unknown): UserError {
  return new UserError(
    'port-taken',
    `port ${port} of ${LOOPBACK} is already in use: ${what} cannot listen on it`,
    'stop the program that uses it, or choose another port',
    { cause },
  );
}
