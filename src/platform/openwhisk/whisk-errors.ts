import { SystemError, UserError } from '../../base/errors.ts';
import type { WhiskSettings } from './whisk-settings.ts';

const CERTIFICATE_CODES = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_HAS_EXPIRED',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

/** OpenWhisk answered with a status that means no. `what` is the request in words: `create the action x`. */
export function refusal(settings: WhiskSettings, status: number, reason: string, what: string): Error {
  const host = settings.apihost;
  const said = reason === '' ? '' : `; ${host} says: ${reason}`;
  if (status === 401) {
    return new UserError(
      'whisk-credentials',
      `${host} does not know this key, so it does not ${what}`,
      'check --auth, __OW_API_KEY or AUTH in .wskprops',
    );
  }
  if (status === 403) {
    return new UserError(
      'whisk-forbidden',
      `this key may not ${what} in the namespace "${settings.namespace}"${said}`,
      'check the namespace and the key',
    );
  }
  if (status === 404) {
    return new UserError('whisk-not-found', `cannot ${what}: it is not there${said}`, 'has it been deployed?');
  }
  if (status === 409) return new UserError('whisk-conflict', `cannot ${what}: the name is taken${said}`);
  if (status === 413) {
    return new UserError(
      'whisk-too-large',
      `cannot ${what}: it is larger than ${host} allows${said}`,
      'by default an action may have 48 MB of code and 1 MB of parameters: package fewer or smaller files',
    );
  }
  if (status === 429) {
    return new SystemError(
      'whisk-throttled',
      `${host} throttles this key, so it does not ${what}${said}`,
      'wait a minute and try again',
    );
  }
  if (status === 400) return new UserError('whisk-refused', `${host} refuses to ${what}: ${reason}`);
  return new SystemError(
    'whisk-failed',
    `${host} failed to ${what} (HTTP ${status})${said}`,
    'try again; if it stays, look at the controller',
  );
}

/** There was no answer. */
export function unreachable(settings: WhiskSettings, error: Error & { code?: string }, proxy?: string): Error {
  const host = settings.apihost;
  const code = error.code ?? error.name;
  if (CERTIFICATE_CODES.has(code)) {
    return new UserError(
      'whisk-certificate',
      `the certificate of ${host} cannot be verified (${code})`,
      'if it is self-signed and you trust the network, add --insecure',
      { cause: error },
    );
  }
  return new UserError(
    'host-unreachable',
    `the OpenWhisk at ${host} cannot be reached${through(proxy)} (${code})`,
    code === 'EPROTO'
      ? 'it seems to speak http: write http:// before the host'
      : `check --apihost and the ${proxy === undefined ? 'network' : 'proxy: HTTPS_PROXY, HTTP_PROXY, NO_PROXY'}`,
    { cause: error },
  );
}

function through(proxy: string | undefined): string {
  return proxy === undefined ? '' : ` through the proxy ${proxy}`;
}

/** Something else than OpenWhisk answers there. */
export function notWhisk(settings: WhiskSettings, status: number, proxy?: string): Error {
  return new UserError(
    'not-openwhisk',
    `${settings.apihost} answers, but not as an OpenWhisk does${through(proxy)} (HTTP ${status}, no JSON)`,
    'check --apihost: scheme, host and port, without a path',
  );
}
