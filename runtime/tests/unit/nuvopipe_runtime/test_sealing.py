from __future__ import annotations

import os

import pytest

from nuvopipe_runtime.sealing import Unreadable, seal, unseal, x25519

KEY = bytes(range(32))


def test_x25519_as_in_its_rfc() -> None:
    scalar = bytes.fromhex("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4")
    point = bytes.fromhex("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c")
    assert x25519(scalar, point).hex() == "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"
    alice = bytes.fromhex("77076d0a7318a57d3c16c17251b26645df4c87ebc0992a99fbf97dba2d1f1c28")
    bob = bytes.fromhex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb")
    base = (9).to_bytes(32, "little")
    assert x25519(alice, x25519(bob, base)) == x25519(bob, x25519(alice, base))


@pytest.mark.parametrize("data", [b"", b"\0\0", b"a secret", os.urandom(500_000)])
def test_what_is_sealed_comes_back(data: bytes) -> None:
    sealed = seal(KEY, data)
    assert len(sealed) == len(data) + 48 and (len(data) < 3 or data not in sealed)
    assert unseal(KEY, sealed) == data
    assert seal(KEY, data) != sealed


def test_what_was_changed_is_not_read() -> None:
    sealed = seal(KEY, b"a secret")
    for place in range(len(sealed)):
        changed = bytearray(sealed)
        changed[place] ^= 1
        with pytest.raises(Unreadable):
            unseal(KEY, bytes(changed))
    for short in (b"", sealed[:40], sealed[:-1]):
        with pytest.raises(Unreadable):
            unseal(KEY, short)
    with pytest.raises(Unreadable):
        unseal(bytes(32), sealed)
