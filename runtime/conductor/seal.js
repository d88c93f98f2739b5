// @ts-check

/**
 * Seals the parameters of a run: what a conductor answers is in the record of its activation. All of them are sealed, since a
 * secret may have been given under a wrong name. `runtime/src/nuvopipe_runtime/sealing.py` describes the form, and reads it.
 *
 * @param {string} publicKey the flow's, X25519, base64
 */
function sealParameters(publicKey) {
  const crypto = require('node:crypto');
  /** @type {(key: Buffer, text: Buffer) => Buffer} */
  const hmac = (key, text) => crypto.createHmac('sha256', key).update(text).digest();
  /** @param {import('node:crypto').KeyObject} key */
  const raw = (key) => key.export({ format: 'der', type: 'spki' }).subarray(-32);
  /** @param {unknown} params */
  const seal = (params) => {
    const spki = Buffer.concat([Buffer.from('302a300506032b656e032100', 'hex'), Buffer.from(publicKey, 'base64')]);
    const ours = crypto.generateKeyPairSync('x25519');
    const theirs = crypto.createPublicKey({ key: spki, format: 'der', type: 'spki' });
    const shared = crypto.diffieHellman({ privateKey: ours.privateKey, publicKey: theirs });
    const key = hmac(shared, raw(ours.publicKey));
    const nonce = crypto.randomBytes(16);
    const body = Buffer.from(JSON.stringify(params));
    const keyed = hmac(key, Buffer.concat([Buffer.from('encrypt'), nonce]));
    const stream = crypto.createHash('shake256', { outputLength: body.length }).update(keyed).digest();
    for (let i = 0; i < body.length; i++) body[i] = Number(body[i]) ^ Number(stream[i]);
    const tag = hmac(hmac(key, Buffer.concat([Buffer.from('authenticate'), nonce])), body);
    return Buffer.concat([raw(ours.publicKey), nonce, body, tag]).toString('base64');
  };
  /** @param {Envelope} envelope */
  return (envelope) =>
    typeof envelope.params === 'object' ? { ...envelope, params: seal(envelope.params) } : envelope;
}

module.exports = { sealParameters };
