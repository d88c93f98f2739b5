import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { openWhisk } from '../../../src/platform/openwhisk/client.ts';
import { type WhiskOptions, whiskSettings } from '../../../src/platform/openwhisk/whisk-settings.ts';
import { type SelfSigned, startSelfSigned } from '../../support/certificate.ts';
import { runCommand } from '../../support/command.ts';

const HELLO = join(import.meta.dirname, '../../../examples/hello/flow.yaml');
const AUTH = 'uuid:hush';
const AUTHORIZATION = `Basic ${Buffer.from(AUTH).toString('base64')}`;

describe('an OpenWhisk with a self-signed certificate', () => {
  let secure: SelfSigned;
  let seen: (string | undefined)[];
  before(async () => {
    secure = await startSelfSigned((request, response) => {
      seen.push(request.headers.authorization);
      response.writeHead(404, { 'content-type': 'application/json' }).end('{"error":"not there"}');
    });
  });
  beforeEach(() => {
    seen = [];
  });
  after(() => secure.close());

  /** Asks for an action that does not exist: undefined. */
  async function ask(options: WhiskOptions, env: NodeJS.ProcessEnv = {}): Promise<unknown> {
    const settings = await whiskSettings(
      { apihost: secure.url, auth: AUTH, ...options },
      { WSK_CONFIG_FILE: '/dev/null', ...env },
    );
    const whisk = openWhisk(settings);
    return whisk.getAction('x').finally(() => whisk.close());
  }
  const untrusted = (host: string) => ({
    name: 'UserError',
    code: 'whisk-certificate',
    message: `the certificate of ${host} cannot be verified (DEPTH_ZERO_SELF_SIGNED_CERT)`,
    hint: 'name its authority with --cafile FILE, or add --insecure if you trust the network',
  });

  it('is refused by default, and never gets the key', async () => {
    await assert.rejects(ask({}), untrusted(secure.url));
    assert.deepEqual(seen, []);
  });

  it('is refused with the certificate of another authority, and never gets the key', async () => {
    const other = await startSelfSigned(() => undefined);
    try {
      await assert.rejects(ask({ cafile: other.cafile }), untrusted(secure.url));
    } finally {
      await other.close();
    }
    assert.deepEqual(seen, []);
  });

  for (const [what, options, env] of [
    ['--cafile', () => ({ cafile: secure.cafile }), () => ({})],
    ['NODE_EXTRA_CA_CERTS', () => ({}), () => ({ NODE_EXTRA_CA_CERTS: secure.cafile })],
    ['--insecure', () => ({ insecure: true }), () => ({})],
    ['__OW_IGNORE_CERTS', () => ({}), () => ({ __OW_IGNORE_CERTS: 'true' })],
  ] as const)
    it(`is accepted with ${what}`, async () => {
      assert.equal(await ask(options(), env()), undefined);
      assert.deepEqual(seen, [AUTHORIZATION]);
    });

  it('is an error of the user on the command line, with a hint', async () => {
    const flags = [HELLO, '--apihost', secure.url, '--auth', AUTH];
    const { code, stderr } = await runCommand('explain', flags, { NODE_EXTRA_CA_CERTS: '' });
    assert.equal(code, 2, stderr);
    assert.match(
      stderr,
      /error\[whisk-certificate\]: the certificate of https:\/\/127\.0\.0\.1:\d+ cannot be verified/,
    );
    assert.match(stderr, /--cafile FILE, or add --insecure/);
    assert.deepEqual(seen, []);
    const trusting = await runCommand('explain', [...flags, '--cafile', secure.cafile]);
    assert.doesNotMatch(trusting.stderr, /certificate/);
    assert.ok(seen.length > 0 && seen.every((authorization) => authorization === AUTHORIZATION));
  });

  it('rejects files without certificates', async () => {
    const file = join(secure.cafile, '../text');
    await writeFile(file, 'no certificate');
    await assert.rejects(ask({ cafile: file }), { name: 'UserError', code: 'cafile-invalid' });
    await assert.rejects(ask({ cafile: `${file}.not` }), { name: 'UserError', code: 'cafile-unreadable' });
  });

  describe('behind a proxy', () => {
    const apihost = 'https://whisk.example';
    const outside = process.env.HTTPS_PROXY;
    let proxy: Server;
    let sockets: Socket[];
    before(async () => {
      sockets = [];
      proxy = createServer();
      proxy.on('connect', (request, socket: Socket) => {
        assert.equal(request.url, 'whisk.example:443');
        const tunnel = connect(Number(new URL(secure.url).port), '127.0.0.1');
        sockets.push(socket, tunnel);
        for (const end of [socket, tunnel]) end.on('error', () => undefined);
        socket.write('HTTP/1.1 200 ok\r\n\r\n');
        tunnel.pipe(socket).pipe(tunnel);
      });
      proxy.listen(0, '127.0.0.1');
      await once(proxy, 'listening');
      process.env.HTTPS_PROXY = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    });
    after(() => {
      for (const socket of sockets) socket.destroy();
      proxy.close();
      if (outside === undefined) delete process.env.HTTPS_PROXY;
      else process.env.HTTPS_PROXY = outside;
    });

    it('is verified through the tunnel', async () => {
      await assert.rejects(ask({ apihost }), untrusted(apihost));
      assert.deepEqual(seen, []);
      assert.equal(await ask({ apihost, cafile: secure.cafile }), undefined);
      assert.equal(await ask({ apihost, insecure: true }), undefined);
      assert.deepEqual(seen, [AUTHORIZATION, AUTHORIZATION]);
    });
  });
}).timeout(60_000);
