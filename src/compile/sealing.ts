/** Stands in the conductor of a flow with secret parameters for the flow's public key, base64, which a deploy puts there. */
export const PUBLIC_KEY = '@public-key@';

/**
 * What the conductor does with the parameters of a flow that has secret ones: what it answers is in its activation's record.
 * It seals all of them, since a secret may have been given under a wrong name. `runtime/nuvopipe_runtime/sealing.py` says how,
 * and reads them.
 *
 * A JavaScript function of the parameters and an X25519 key, as text; it closes over `require`.
 */
export const SEAL = `(params, publicKey) => {
  const crypto = require('crypto')
  const hmac = (key, text) => crypto.createHmac('sha256', key).update(text).digest()
  const raw = key => key.export({ format: 'der', type: 'spki' }).subarray(-32)
  const spki = Buffer.concat([Buffer.from('302a300506032b656e032100', 'hex'), Buffer.from(publicKey, 'base64')])
  const ours = crypto.generateKeyPairSync('x25519')
  const theirs = crypto.createPublicKey({ key: spki, format: 'der', type: 'spki' })
  const shared = crypto.diffieHellman({ privateKey: ours.privateKey, publicKey: theirs })
  const key = hmac(shared, raw(ours.publicKey))
  const nonce = crypto.randomBytes(16)
  const body = Buffer.from(JSON.stringify(params))
  const options = { outputLength: body.length }
  const stream = crypto.createHash('shake256', options).update(hmac(key, Buffer.concat([Buffer.from('encrypt'), nonce]))).digest()
  for (let i = 0; i < body.length; i++) body[i] ^= stream[i]
  const tag = hmac(hmac(key, Buffer.concat([Buffer.from('authenticate'), nonce])), body)
  return Buffer.concat([raw(ours.publicKey), nonce, body, tag]).toString('base64')
}`;
