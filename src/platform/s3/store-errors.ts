import { SystemError, UserError } from '../../base/errors.ts';
import type { StoreSettings } from '../../contract/records.ts';
import { placeName } from './store-settings.ts';

/** The fields of an SDK error that are used here. */
interface SdkError {
  name?: string;
  code?: string;
  message?: string;
  $metadata?: { httpStatusCode?: number };
}

const UNREACHABLE = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
  'TimeoutError',
]);
const REFUSED = new Set([
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
  'AccessDenied',
  'ExpiredToken',
  'InvalidToken',
]);

/** HTTP status of an SDK error, 0 if there was no answer. */
export function statusOf(error: unknown): number {
  return (error as SdkError).$metadata?.httpStatusCode ?? 0;
}

/** Converts an S3 error for the user. The text contains the place and S3's own code, never a key. */
export function storeError(error: unknown, settings: StoreSettings, key: string): Error {
  const { name = '', code = '', message = '' } = error as SdkError;
  const status = statusOf(error);
  const place = placeName(settings);
  const cause = { cause: error };
  if (UNREACHABLE.has(code) || UNREACHABLE.has(name)) {
    return new UserError(
      'store-unreachable',
      `S3 at ${settings.endpoint ?? `AWS (${settings.region})`} does not answer (${code || name})`,
      'check --endpoint, and that the server runs',
      cause,
    );
  }
  if (name === 'NoSuchBucket') {
    return new UserError(
      'no-such-bucket',
      `no bucket "${settings.bucket}" at ${settings.endpoint ?? 'AWS'}`,
      'create it, or choose another one with --datastore',
      cause,
    );
  }
  if (REFUSED.has(name) || status === 401 || status === 403) {
    return new UserError(
      'store-refused',
      `S3 rejected the keys for ${place} (${name || status})`,
      'check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY or AWS_PROFILE, and their permissions',
      cause,
    );
  }
  if (status === 301 || name === 'PermanentRedirect') {
    return new UserError(
      'wrong-region',
      `${place} is in another region than ${settings.region}`,
      'set AWS_REGION',
      cause,
    );
  }
  return new SystemError(
    'store-failed',
    `S3 failed on ${place}/${key}: ${name || code || message || 'no reason given'}${status ? ` (HTTP ${status})` : ''}`,
    'try again; if the error persists, check the S3 server',
    cause,
  );
}
