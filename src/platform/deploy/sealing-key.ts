import { createHmac, createPrivateKey, createPublicKey } from 'node:crypto';
import type { StoreSettings } from '../../contract/records.ts';

/** DER of an X25519 private key, without its 32 bytes (RFC 8410). */
const PKCS8_HEAD = Buffer.from('302e020100300506032b656e04220420', 'hex');
const KEY_BYTES = 32;

/**
 * The public key with which a conductor encrypts a run's parameters. Only holders of the datastore's secret key have
 * the private one: `Store.derive_key` in `runtime/src/nuvopipe_runtime/store.py`.
 *
 * @returns base64
 */
export function publicKeyOf(flow: string, { secretAccessKey }: StoreSettings): string {
  const scalar = createHmac('sha256', secretAccessKey).update(`nuvopipe: parameters of ${flow}`).digest();
  const key = createPrivateKey({ key: Buffer.concat([PKCS8_HEAD, scalar]), format: 'der', type: 'pkcs8' });
  return createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-KEY_BYTES).toString('base64');
}
