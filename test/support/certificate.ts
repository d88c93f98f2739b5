import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** An HTTPS server of this machine, also as `whisk.example`, with a certificate that no authority has signed. */
export interface SelfSigned {
  /** `https://127.0.0.1:port`. */
  url: string;
  server: Server;
  /** The certificate, as PEM. */
  certificate: string;
  /** File of the certificate. */
  cafile: string;
  close(): Promise<void>;
}

export async function startSelfSigned(answer: RequestListener): Promise<SelfSigned> {
  const folder = await mkdtemp(join(tmpdir(), 'nuvopipe-tls-'));
  const [key, cafile] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=self-signed'];
  await run('openssl', [
    ...request,
    '-addext',
    'subjectAltName=IP:127.0.0.1,DNS:whisk.example',
    '-keyout',
    key,
    '-out',
    cafile,
  ]);
  const certificate = await readFile(cafile, 'utf8');
  const server = createServer({ key: await readFile(key), cert: certificate }, answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    server,
    certificate,
    cafile,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
      await rm(folder, { recursive: true });
    },
  };
}
