import { type ClusterInfo, clusterInfo } from './cluster.ts';
import { refusal } from './errors.ts';
import { openTransport } from './http.ts';
import type { WhiskSettings } from './settings.ts';

export interface KeyValue {
  key: string;
  value: unknown;
}

/** An action as it is sent. */
export interface ActionBody {
  exec: { kind: string; code: string; main?: string; binary?: boolean };
  annotations: KeyValue[];
  parameters: KeyValue[];
  /** `timeout` in milliseconds, `memory` in MB. */
  limits: { timeout: number; memory: number };
}

/** What is asked of an entity that is there. */
export interface Entity {
  annotations: KeyValue[];
}

/** What an invocation came to. */
export interface Invocation {
  activationId: string;
  /** Absent: it goes on, whoever waits for it or not. */
  response?: ActivationResponse;
}

export interface ActivationResponse {
  success: boolean;
  result: unknown;
}

/** The part of OpenWhisk's REST API that nuvopipe uses. Names may have a package: `package/action`. */
export interface Whisk {
  readonly settings: WhiskSettings;
  clusterInfo(): Promise<ClusterInfo>;
  /** Without its code. `elsewhere`: the name is a package's. */
  getAction(name: string): Promise<Entity | 'elsewhere' | undefined>;
  getPackage(name: string): Promise<Entity | 'elsewhere' | undefined>;
  /** Creates it, or puts it in the place of the one that is there. */
  putAction(name: string, action: ActionBody): Promise<void>;
  putPackage(name: string, annotations: KeyValue[]): Promise<void>;
  /** A blocking one returns after OpenWhisk's 60 s at the latest. */
  invoke(name: string, params: Record<string, unknown>, options: { blocking: boolean }): Promise<Invocation>;
  close(): void;
}

/** Over Node's own http: certificates, proxies and errors stay in our hands, and what the npm client lacks is there too. */
export function openWhisk(settings: WhiskSettings): Whisk {
  const transport = openTransport(settings);
  const api = `/api/v1/namespaces/${encodeURIComponent(settings.namespace)}`;
  const path = (collection: string, name: string) =>
    `${api}/${collection}/${name.split('/').map(encodeURIComponent).join('/')}`;

  async function getEntity(collection: string, name: string, kind: string, query: string) {
    const { status, body } = await transport.send({
      method: 'GET',
      path: path(collection, name) + query,
      what: `read the ${kind} ${name}`,
      expect: [404, 409],
    });
    if (status === 404) return undefined;
    // Actions and packages share one name space: "Resource by this name exists but is not in this collection".
    if (status === 409) return 'elsewhere' as const;
    return { annotations: (body as Partial<Entity>).annotations ?? [] };
  }

  return {
    settings,
    clusterInfo: () => clusterInfo(transport),
    getAction: (name) => getEntity('actions', name, 'action', '?code=false'),
    getPackage: (name) => getEntity('packages', name, 'package', ''),
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
    async invoke(name, params, { blocking }) {
      const what = `invoke ${name}`;
      const answer = await transport.send({
        method: 'POST',
        path: `${path('actions', name)}?blocking=${blocking}`,
        body: params,
        what,
        // The action's own failure: the activation is in the body.
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
