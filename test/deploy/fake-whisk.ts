import { once } from 'node:events';
import { createServer } from 'node:http';
import type { WhiskSettings } from '../../src/whisk/settings.ts';

/** Just the entity API of an OpenWhisk: what was put is what is got. */
export interface FakeWhisk {
  settings: WhiskSettings;
  /** `actions/x` → what was sent. */
  entities: Map<string, Record<string, unknown>>;
  /** Every PUT in order: `actions/x`. */
  puts: string[];
  /** Answers PUTs of this entity with 400. */
  refuse: string | undefined;
  /** What `GET /` publishes. */
  info: unknown;
  close(): Promise<void>;
}

export async function startFakeWhisk(): Promise<FakeWhisk> {
  const entities: FakeWhisk['entities'] = new Map();
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const url = new URL(request.url ?? '', 'http://fake');
    const [status, body] = answer(request.method ?? '', url.pathname, Buffer.concat(chunks).toString());
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };

  function answer(method: string, path: string, body: string): [number, unknown] {
    if (path === '/') return [200, fake.info];
    const name = decodeURIComponent(path.replace('/api/v1/namespaces/_/', ''));
    const other = name.startsWith('actions/')
      ? name.replace('actions/', 'packages/')
      : name.replace('packages/', 'actions/');
    if (method === 'PUT') {
      if (fake.refuse === name) return [400, { error: 'requirement failed' }];
      fake.puts.push(name);
      entities.set(name, JSON.parse(body));
    }
    if (entities.has(name)) return [200, entities.get(name)];
    if (entities.has(other)) {
      return [409, { error: 'Resource by this name exists but is not in this collection.' }];
    }
    return [404, { error: 'The requested resource does not exist.' }];
  }

  const fake: FakeWhisk = {
    settings: { apihost: `http://127.0.0.1:${port}`, auth: 'a:b', namespace: '_' },
    entities,
    puts: [],
    refuse: undefined,
    info: {
      runtimes: { python: [{ kind: 'python:3.11' }, { kind: 'python:3' }], nodejs: [{ kind: 'nodejs:20' }] },
      limits: { max_action_memory: 512 * 1024 * 1024, max_action_duration: 300_000 },
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return fake;
}
