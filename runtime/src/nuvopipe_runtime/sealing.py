"""Seals texts for holders of the datastore's keys: parameters on their way to a run, and secrets that a run keeps.

Python's standard library has no cipher, so a text is encrypted with a keystream from SHAKE-256, under a key of its own, and
authenticated with HMAC-SHA256 (encrypt-then-MAC). The conductor (`runtime/conductor/seal.js`) has no secret key: it seals
to the flow's public key, with X25519 (RFC 7748) and a new key pair for each text.

No library is used, because every flow needs this module, even one without secret parameters: another flow can call it, and
seals the arguments. Every step action would carry `cryptography` and its cffi: 5 MB more in a zip of 12 MB.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os

NONCE_BYTES, TAG_BYTES, KEY_BYTES = 16, 32, 32
PRIME, CONSTANT = 2**255 - 19, 121665
"""Of Curve25519."""


class Unreadable(Exception):
    """Sealed with another key, or changed since."""


def seal(key: bytes, data: bytes) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    body = _xor(data, _derive(key, b"encrypt" + nonce))
    return nonce + body + _derive(_derive(key, b"authenticate" + nonce), body)


def unseal(key: bytes, sealed: bytes) -> bytes:
    nonce, body, tag = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:-TAG_BYTES], sealed[-TAG_BYTES:]
    if not hmac.compare_digest(tag, _derive(_derive(key, b"authenticate" + nonce), body)):
        raise Unreadable("it was sealed with another key")
    return _xor(body, _derive(key, b"encrypt" + nonce))


def unseal_from_sender(private_key: bytes, text: str) -> bytes:
    """What was sealed to the public key of a private one."""
    content = base64.b64decode(text)
    public_key, sealed = content[:KEY_BYTES], content[KEY_BYTES:]
    return unseal(_derive(x25519(private_key, public_key), public_key), sealed)


def x25519(scalar: bytes, point: bytes) -> bytes:
    """The Montgomery ladder of RFC 7748, section 5."""
    k = int.from_bytes(scalar, "little") & ((1 << 254) - 8) | 1 << 254
    x1 = int.from_bytes(point, "little") & ((1 << 255) - 1)
    x2, z2, x3, z3, swapped = 1, 0, x1, 1, 0
    for place in range(254, -1, -1):
        bit = k >> place & 1
        if swapped != bit:
            x2, x3, z2, z3 = x3, x2, z3, z2
        swapped = bit
        a, b, c, d = x2 + z2, x2 - z2, x3 + z3, x3 - z3
        aa, bb, da, cb = a * a % PRIME, b * b % PRIME, d * a % PRIME, c * b % PRIME
        e = aa - bb
        x3, z3 = (da + cb) ** 2 % PRIME, x1 * (da - cb) ** 2 % PRIME
        x2, z2 = aa * bb % PRIME, e * (aa + CONSTANT * e) % PRIME
    if swapped:
        x2, z2 = x3, z3
    return (x2 * pow(z2, PRIME - 2, PRIME) % PRIME).to_bytes(KEY_BYTES, "little")


def _derive(key: bytes, text: bytes) -> bytes:
    return hmac.digest(key, text, "sha256")


def _xor(data: bytes, key: bytes) -> bytes:
    stream = hashlib.shake_256(key).digest(len(data))
    return (int.from_bytes(data, "big") ^ int.from_bytes(stream, "big")).to_bytes(len(data), "big")
