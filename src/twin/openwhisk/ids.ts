/** Random names in the style of OpenWhisk. */
import { randomBytes, randomUUID } from 'node:crypto';

const TRANSACTION_ID_LENGTH = 32;
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

export function activationId(): string {
  return randomUUID().replaceAll('-', '');
}

/** The `code` in error answers. */
export function transactionId(): string {
  return Array.from(randomBytes(TRANSACTION_ID_LENGTH), (byte) => ALPHABET[byte % ALPHABET.length]).join('');
}
