import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import conductor from '../../runtime/conductor/seal.js';
import type { StoreSettings } from '../../src/contract/records.ts';
import { publicKeyOf } from '../../src/platform/deploy/sealing-key.ts';

const runtime = join(import.meta.dirname, '../../runtime/src/nuvopipe_runtime');
const STORE: StoreSettings = { bucket: 'b', prefix: '', region: 'r', accessKeyId: 'a', secretAccessKey: 'kůň' };

/** As a conductor does it. */
function seal(params: Record<string, unknown>, publicKey: string): string {
  const sealed = conductor.sealParameters(publicKey)({ run: 'r', params }).params;
  assert.equal(typeof sealed, 'string');
  return sealed as string;
}

/** As a step action reads it. */
const UNSEAL = `
import hmac, json, sys
sys.path.insert(0, sys.argv[1])
import sealing
sys.stdin.reconfigure(encoding="utf-8")
secret, flow, text = json.load(sys.stdin)
key = hmac.digest(secret.encode(), f"nuvopipe: parameters of {flow}".encode(), "sha256")
try:
    print(sealing.unseal_from_sender(key, text).decode("ascii", "backslashreplace"))
except sealing.Unreadable:
    print("unreadable")
`;

function unseal(text: string, { secretAccessKey }: StoreSettings, flow: string): string {
  const input = JSON.stringify([secretAccessKey, flow, text]);
  const { stdout, stderr } = spawnSync('python3', ['-c', UNSEAL, runtime], { input, encoding: 'utf8' });
  assert.equal(stderr, '');
  return stdout.trim();
}

describe('parameters of a flow with secrets, sealed by its conductor', () => {
  const sealed = seal({ token: 'a-long-secret', n: 1 }, publicKeyOf('F', STORE));

  it('are read by a step action', () => {
    assert.equal(unseal(sealed, STORE, 'F'), '{"token":"a-long-secret","n":1}');
  });

  it('are read by nobody with other keys, nor under another flow’s name', () => {
    assert.equal(unseal(sealed, { ...STORE, secretAccessKey: 'another' }, 'F'), 'unreadable');
    assert.equal(unseal(sealed, STORE, 'G'), 'unreadable');
  });

  it('are not to be seen, and are sealed in another way each time', () => {
    assert.ok(!Buffer.from(sealed, 'base64').includes('a-long-secret'));
    assert.notEqual(seal({ token: 'a-long-secret', n: 1 }, publicKeyOf('F', STORE)), sealed);
  });

  it('of any size', () => {
    const text = 'x'.repeat(500_000);
    assert.equal(unseal(seal({ text }, publicKeyOf('F', STORE)), STORE, 'F'), JSON.stringify({ text }));
  });
});
