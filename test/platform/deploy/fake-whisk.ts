import { once } from 'node:events';
import { createServer } from 'node:http';
import type { WhiskSettings } from '../../../src/platform/openwhisk/whisk-settings.ts';

/** Just the entity API of an OpenWhisk, and feeds that say yes: what was put is what is got. */
export interface FakeWhisk {
  settings: WhiskSettings;
  /** `actions/x` → what was sent. */
  entities: Map<string, Record<string, unknown>>;
  /** Every PUT in order: `actions/x`. */
  puts: string[];
  /** Every change of a trigger, rule or feed in order: `PUT triggers/x`, `CREATE /whisk.system/alarms/alarm`. */
  changes: string[];
  /** What the feed actions were given last, by the feed's name. */
  feedParameters: Map<string, Record<string, unknown>>;
  /** Answers an invocation of a feed; undefined: there is none. */
  feed: (name: string, params: Record<string, unknown>) => { status: number; result: unknown } | undefined;
  /** Answers PUTs of this entity with 400. */
  refuse: string | undefined;
  /** What `GET /` publishes. */
  info: unknown;
  close(): Promise<void>;
}

/** All share one space of names. */
const COLLECTIONS = ['actions', 'packages', 'triggers', 'rules'];

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
    if (method === 'POST') return invoke(decodeURIComponent(path), JSON.parse(body));
    const name = decodeURIComponent(path.replace('/api/v1/namespaces/_/', ''));
    const [collection, entityName] = [name.split('/', 1)[0] as string, name.slice(name.indexOf('/') + 1)];
    if (method === 'GET' && (!name.includes('/') || name.endsWith('/'))) return [200, list(name.replace(/\/$/, ''))];
    if (/^(triggers|rules)$/.test(collection) && method !== 'GET') fake.changes.push(`${method} ${name}`);
    if (method === 'DELETE') return entities.delete(name) ? [200, {}] : [404, { error: 'not there' }];
    if (method === 'PUT') {
      if (fake.refuse === name) return [400, { error: 'requirement failed' }];
      fake.puts.push(name);
      entities.set(name, JSON.parse(body));
    }
    if (entities.has(name)) {
      const isTrigger = collection === 'triggers';
      return [200, { ...entities.get(name), ...(isTrigger && { rules: rulesOf(entityName) }) }];
    }
    if (COLLECTIONS.some((other) => entities.has(`${other}/${entityName}`))) {
      return [409, { error: 'Resource by this name exists but is not in this collection.' }];
    }
    return [404, { error: 'The requested resource does not exist.' }];
  }

  function list(collection: string): object[] {
    const found = [...entities].filter(([name]) => name.startsWith(`${collection}/`));
    return found.map(([name, { annotations }], index) => ({
      namespace: 'guest',
      name: name.slice(collection.length + 1),
      annotations,
      updated: index,
    }));
  }

  function rulesOf(trigger: string): Record<string, unknown> {
    const found = [...entities].filter(
      ([name, { trigger: of }]) => name.startsWith('rules/') && of === `/_/${trigger}`,
    );
    return Object.fromEntries(found.map(([name]) => [name.replace('rules/', 'guest/'), {}]));
  }

  function invoke(path: string, params: Record<string, unknown>): [number, unknown] {
    const name = path.replace('/api/v1/namespaces', '').replace('/actions', '');
    const answered = fake.feed(name, params);
    if (answered === undefined)
      return [403, { error: 'The supplied authentication is not authorized to access this resource.' }];
    fake.changes.push(`${params.lifecycleEvent} ${name}`);
    fake.feedParameters.set(name, params);
    const { status, result } = answered;
    return [status, { activationId: 'a', response: { success: status === 200, result } }];
  }

  const fake: FakeWhisk = {
    settings: { apihost: `http://127.0.0.1:${port}`, auth: 'a:b', namespace: '_' },
    entities,
    puts: [],
    changes: [],
    feedParameters: new Map(),
    feed: () => ({ status: 200, result: { status: 'success' } }),
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
