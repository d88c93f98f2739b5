import { type ClusterInfo, clusterInfo } from './cluster.ts';
import { openTransport } from './http.ts';
import { refusal } from './whisk-errors.ts';
import type { WhiskSettings } from './whisk-settings.ts';

export interface KeyValue {
  key: string;
  value: unknown;
}

/** An action as sent to OpenWhisk. */
export interface ActionDocument {
  /** `image` with the kind `blackbox`; `components`, and no code, with the kind `sequence`. */
  exec: {
    kind: string;
    image?: string;
    code?: string;
    main?: string;
    binary?: boolean;
    components?: string[];
  };
  annotations: KeyValue[];
  parameters: KeyValue[];
  /** `timeout` in milliseconds, `memory` and `logs` in MB. */
  limits: { timeout: number; memory: number; logs?: number };
}

/** The part of an existing entity that is used here. */
export interface Entity {
  annotations: KeyValue[];
}

/** A trigger or rule in a list. */
export interface ListedEntity extends Entity {
  namespace: string;
  name: string;
  /** Epoch milliseconds. */
  updated: number;
}

export interface TriggerEntity extends Entity {
  /** For triggers: the rules that it fires. */
  rules: string[];
}

export interface RuleEntity extends Entity {
  /** An inactive rule starts nothing until it is enabled. */
  isActive: boolean;
}

/** The outcome of an invocation. */
export interface Invocation {
  activationId: string;
  /** Absent if it is still running. */
  response?: ActivationResponse;
}

export interface ActivationResponse {
  success: boolean;
  result: unknown;
}

/**
 * The part of OpenWhisk's REST API that nuvopipe uses. Names can include a package and a namespace: `package/action`,
 * `/namespace/name`.
 */
export interface Whisk {
  readonly settings: WhiskSettings;
  clusterInfo(): Promise<ClusterInfo>;
  /** Without its code. `elsewhere`: a package has the name. */
  getAction(name: string): Promise<Entity | 'elsewhere' | undefined>;
  getPackage(name: string): Promise<Entity | 'elsewhere' | undefined>;
  /** Creates or replaces it. */
  putAction(name: string, action: ActionDocument): Promise<void>;
  putPackage(name: string, annotations: KeyValue[]): Promise<void>;
  /** All in the namespace. */
  list(collection: 'triggers' | 'rules'): Promise<ListedEntity[]>;
  /** Without code, and without the package in their names. */
  listActions(packageName: string): Promise<ListedEntity[]>;
  getTrigger(name: string): Promise<TriggerEntity | 'elsewhere' | undefined>;
  getRule(name: string): Promise<RuleEntity | 'elsewhere' | undefined>;
  putTrigger(name: string, annotations: KeyValue[]): Promise<void>;
  /** Links a trigger with an action; an existing rule stays active or inactive. */
  putRule(name: string, rule: { trigger: string; action: string; annotations: KeyValue[] }): Promise<void>;
  /** A missing entity is not an error. */
  deleteAction(name: string): Promise<void>;
  /** Its actions must be deleted first. */
  deletePackage(name: string): Promise<void>;
  deleteTrigger(name: string): Promise<void>;
  deleteRule(name: string): Promise<void>;
  /** A blocking invocation returns after 60 s at the latest. */
  invoke(name: string, params: Record<string, unknown>, options: { blocking: boolean }): Promise<Invocation>;
  close(): void;
}

/** Collection.scala: maximum number of entities per page. */
const LIST_MAX = 200;

/** Uses Node's http, to control certificates, proxies and errors, and to support what the npm client lacks. */
export function openWhisk(settings: WhiskSettings): Whisk {
  const transport = openTransport(settings);
  const path = (collection: string, name?: string) => {
    const [namespace = '', ...parts] = name?.startsWith('/')
      ? name.slice(1).split('/')
      : [settings.namespace, ...(name?.split('/') ?? [])];
    return ['/api/v1/namespaces', ...[namespace, collection, ...parts].map(encodeURIComponent)].join('/');
  };
  const qualified = (name: string) => (name.startsWith('/') ? name : `/${settings.namespace}/${name}`);

  async function getEntity<T>(
    collection: string,
    name: string,
    kind: string,
    read: (body: Partial<Entity> & Record<string, unknown>) => T,
    query = '',
  ) {
    const { status, body } = await transport.send({
      method: 'GET',
      path: path(collection, name) + query,
      what: `read the ${kind} ${name}`,
      expect: [404, 409],
    });
    if (status === 404) return undefined;
    // Actions and packages share a namespace: "Resource by this name exists but is not in this collection".
    if (status === 409) return 'elsewhere' as const;
    return read(body as Partial<Entity> & Record<string, unknown>);
  }

  async function remove(collection: string, name: string, kind: string): Promise<void> {
    const what = `delete the ${kind} ${name}`;
    await transport.send({ method: 'DELETE', path: path(collection, name), what, expect: [404] });
  }

  async function list(collection: string, what: string): Promise<ListedEntity[]> {
    const found: ListedEntity[] = [];
    for (;;) {
      const page = `?limit=${LIST_MAX}&skip=${found.length}`;
      const { body } = await transport.send({ method: 'GET', path: collection + page, what });
      const listed = body as ListedEntity[];
      for (const { namespace, name, annotations = [], updated } of listed)
        found.push({ namespace, name, annotations, updated });
      if (listed.length < LIST_MAX) return found;
    }
  }

  return {
    settings,
    clusterInfo: () => clusterInfo(transport),
    getAction: (name) => getEntity('actions', name, 'action', annotated, '?code=false'),
    getPackage: (name) => getEntity('packages', name, 'package', annotated),
    getTrigger: (name) =>
      getEntity('triggers', name, 'trigger', (body) => ({ ...annotated(body), rules: Object.keys(body.rules ?? {}) })),
    getRule: (name) =>
      getEntity('rules', name, 'rule', (body) => ({ ...annotated(body), isActive: body.status !== 'inactive' })),
    list: (collection) => list(path(collection), `list the ${collection}`),
    listActions: (name) => list(path('actions', `${name}/`), `list the actions of ${name}`),
    async putAction(name, body) {
      await transport.send({
        method: 'PUT',
        path: `${path('actions', name)}?overwrite=true`,
        body,
        what: `write the action ${name}`,
      });
    },
    async putPackage(name, annotations) {
      await transport.send({
        method: 'PUT',
        path: `${path('packages', name)}?overwrite=true`,
        body: { annotations },
        what: `write the package ${name}`,
      });
    },
    async putTrigger(name, annotations) {
      await transport.send({
        method: 'PUT',
        path: `${path('triggers', name)}?overwrite=true`,
        body: { annotations },
        what: `write the trigger ${name}`,
      });
    },
    async putRule(name, { trigger, action, annotations }) {
      await transport.send({
        method: 'PUT',
        path: `${path('rules', name)}?overwrite=true`,
        body: { trigger: qualified(trigger), action: qualified(action), annotations },
        what: `write the rule ${name}`,
      });
    },
    deleteAction: (name) => remove('actions', name, 'action'),
    deletePackage: (name) => remove('packages', name, 'package'),
    deleteTrigger: (name) => remove('triggers', name, 'trigger'),
    deleteRule: (name) => remove('rules', name, 'rule'),
    async invoke(name, params, { blocking }) {
      const what = `invoke ${name}`;
      const answer = await transport.send({
        method: 'POST',
        path: `${path('actions', name)}?blocking=${blocking}`,
        body: params,
        what,
        // The action itself failed: the activation is in the body.
        expect: [502],
      });
      const body = answer.body as { activationId?: string; response?: ActivationResponse };
      const activationId = body.activationId ?? String(answer.headers['x-openwhisk-activation-id'] ?? '');
      if (activationId === '') throw refusal(settings, answer.status, 'no activation id', what);
      return body.response === undefined ? { activationId } : { activationId, response: body.response };
    },
    close: () => transport.close(),
  };
}

function annotated({ annotations = [] }: Partial<Entity>): Entity {
  return { annotations };
}
