import http from 'node:http';
import https from 'node:https';
import { setTimeout as pause } from 'node:timers/promises';
import { rootCertificates } from 'node:tls';
import { parseJson, toJson } from '../../base/json.ts';
import { type NamedProxy, proxyFor } from '../../base/proxy.ts';
import { retryWaitMs } from './retries.ts';
import { notWhisk, refusal, unreachable } from './whisk-errors.ts';
import type { WhiskSettings } from './whisk-settings.ts';

export interface Call {
  method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  /** Path below the API host: `/api/v1/namespaces/_/actions/x`. */
  path: string;
  body?: unknown;
  /** Description for errors: `create the action x`. */
  what: string;
  /** Additional statuses that count as answers; all below 300 do. */
  expect?: readonly number[];
}

export interface HttpAnswer {
  status: number;
  body: unknown;
  headers: http.IncomingHttpHeaders;
}

/** Sends a request, retries it by the retry table, and converts failures to errors. */
export interface Transport {
  send(call: Call): Promise<HttpAnswer>;
  /** Closes the kept connections. */
  close(): void;
}

/** Longer than the 60 s that OpenWhisk holds a blocking invocation. */
const SILENCE_TIMEOUT_MS = 90_000;
const CONNECT_TIMEOUT_MS = 10_000;

export function openTransport(settings: WhiskSettings): Transport {
  const module = settings.apihost.startsWith('https:') ? https : http;
  const direct = new module.Agent({ keepAlive: true });
  let proxy: Promise<NamedProxy | undefined> | undefined;
  const authorization = `Basic ${Buffer.from(settings.auth).toString('base64')}`;

  async function once({ method, path, body }: Call): Promise<HttpAnswer & { text: string }> {
    proxy ??= proxyFor(settings.apihost);
    const { agent } = (await proxy) ?? { agent: direct };
    const data = body === undefined ? undefined : Buffer.from(toJson(body));
    return new Promise((resolve, reject) => {
      const request = module.request(
        new URL(settings.apihost + path),
        {
          method,
          agent,
          timeout: SILENCE_TIMEOUT_MS,
          ...tlsOptions(settings),
          headers: {
            authorization,
            accept: 'application/json',
            ...(data === undefined ? {} : { 'content-type': 'application/json', 'content-length': data.length }),
          },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () => {
            const text = Buffer.concat(chunks).toString();
            resolve({ status: response.statusCode ?? 0, body: parse(text), text, headers: response.headers });
          });
        },
      );
      const giveUp = () => request.destroy(Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' }));
      request.on('socket', (socket) => {
        if (!socket.connecting) return;
        const timer = setTimeout(giveUp, CONNECT_TIMEOUT_MS);
        socket.once('connect', () => clearTimeout(timer));
        socket.once('close', () => clearTimeout(timer));
      });
      request.on('timeout', giveUp);
      request.on('error', reject);
      request.end(data);
    });
  }

  async function send(call: Call): Promise<HttpAnswer> {
    const idempotent = call.method !== 'POST';
    for (let tries = 1; ; tries++) {
      let answer: HttpAnswer & { text: string };
      try {
        answer = await once(call);
      } catch (error) {
        const wait = retryWaitMs((error as NodeJS.ErrnoException).code ?? '', idempotent, tries);
        if (wait === undefined) throw unreachable(settings, error as Error, (await proxy)?.address);
        await pause(wait);
        continue;
      }
      const { status } = answer;
      if ((status < 300 || call.expect?.includes(status)) && answer.body !== undefined) return answer;
      const wait = retryWaitMs(status, idempotent, tries);
      if (wait === undefined) {
        if (answer.body === undefined && (status < 500 || status === 502))
          throw notWhisk(settings, status, (await proxy)?.address);
        throw refusal(settings, status, reasonOf(answer), call.what);
      }
      await pause(wait);
    }
  }

  const close = () => {
    direct.destroy();
    proxy?.then((used) => used?.agent.destroy()).catch(() => undefined);
  };
  return { send, close };
}

/** Certificates are verified against Node's authorities and those of the settings, unless these say otherwise. */
function tlsOptions({ insecure, ca }: WhiskSettings): https.RequestOptions {
  if (insecure) return { rejectUnauthorized: false };
  return ca === undefined ? {} : { ca: [...rootCertificates, ca] };
}

function parse(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

/** OpenWhisk's error format: `{code, error}`. */
function reasonOf({ body, text }: { body: unknown; text: string }): string {
  const error = (body as { error?: unknown } | undefined)?.error;
  const words = typeof error === 'string' ? error : body === undefined ? text : '';
  return words.replaceAll(/\s+/g, ' ').trim().slice(0, 500);
}
