import { SystemError, UserError } from '../../base/errors.ts';
import type { WhiskSettings } from './whisk-settings.ts';

/** Of Node's TLS: codes of OpenSSL's X509 errors, and its own for a wrong host name. */
const CERTIFICATE_CODES = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_CHAIN_TOO_LONG',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_REJECTED',
  'CERT_REVOKED',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
  'INVALID_CA',
  'INVALID_PURPOSE',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

/** OpenWhisk answered with an error status. `what` describes the request: `create the action x`. */
export function refusal(settings: WhiskSettings, status: number, reason: string, what: string): Error {
  const host = settings.apihost;
  const said = reason === '' ? '' : `; ${host} says: ${reason}`;
  if (status === 401) {
    return new UserError(
      'whisk-credentials',
      `cannot ${what}: ${host} does not know this key`,
      'check --auth, __OW_API_KEY or AUTH in .wskprops',
    );
  }
  if (status === 403) {
    return new UserError(
      'whisk-forbidden',
      `this key has no permission to ${what} in the namespace "${settings.namespace}"${said}`,
      'check the namespace and the key',
    );
  }
  if (status === 404) {
    return new UserError('whisk-not-found', `cannot ${what}: it does not exist${said}`, 'deploy it first');
  }
  if (status === 409) return new UserError('whisk-conflict', `cannot ${what}: the name is taken${said}`);
  if (status === 413) {
    return new UserError(
      'whisk-too-large',
      `cannot ${what}: it is larger than ${host} allows${said}`,
      'package fewer or smaller files; by default, the limits are 48 MB of code and 1 MB of parameters',
    );
  }
  if (status === 429) {
    return new SystemError(
      'whisk-throttled',
      `cannot ${what}: ${host} throttles this key${said}`,
      'wait a minute and try again',
    );
  }
  if (status === 400) return new UserError('whisk-refused', `${host} refused to ${what}: ${reason}`);
  return new SystemError(
    'whisk-failed',
    `${host} failed to ${what} (HTTP ${status})${said}`,
    'try again; if the error persists, check the controller',
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
      'name its authority with --cafile FILE, or add --insecure if you trust the network',
      { cause: error },
    );
  }
  return new UserError(
    'host-unreachable',
    `the OpenWhisk at ${host} cannot be reached${through(proxy)} (${code})`,
    code === 'EPROTO'
      ? 'the server seems to use plain HTTP: write http:// before the host'
      : `check --apihost and the ${proxy === undefined ? 'network' : 'proxy: HTTPS_PROXY, HTTP_PROXY, NO_PROXY'}`,
    { cause: error },
  );
}

function through(proxy: string | undefined): string {
  return proxy === undefined ? '' : ` through the proxy ${proxy}`;
}

/** The server is not OpenWhisk. */
export function notWhisk(settings: WhiskSettings, status: number, proxy?: string): Error {
  return new UserError(
    'not-openwhisk',
    `${settings.apihost} does not answer like OpenWhisk${through(proxy)} (HTTP ${status}, no JSON)`,
    'check --apihost: scheme, host and port, without a path',
  );
}
