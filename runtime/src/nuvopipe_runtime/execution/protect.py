"""Keeps the OpenWhisk key, which only the supervisor has, from the user's code: in memory, and in what a fork inherits."""

from __future__ import annotations

import ctypes
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PR_SET_DUMPABLE = 4
"""prctl(2): a process that is not dumpable cannot be read through /proc by others of the same user."""

PR_CAPBSET_DROP = 24
"""prctl(2): programs executed later do not get the capability back."""

CAPABILITY_VERSION_3 = 0x20080522
"""capget(2)"""

SPYING = (16, 17, 19, 21, 38, 39)
"""capabilities(7) with which root reads other processes' memory: SYS_MODULE, SYS_RAWIO, SYS_PTRACE, SYS_ADMIN, PERFMON, BPF."""

CHUNK = 1 << 20

IS_LINUX = sys.platform == "linux"


def hide_memory(hidden: bool = True) -> None:
    if IS_LINUX:
        ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0 if hidden else 1, 0, 0, 0)


def give_up_spying() -> None:
    """From now on even root, in this process and all that it starts, cannot read hidden memory."""
    if not IS_LINUX:
        return
    libc = ctypes.CDLL(None)
    for capability in SPYING:
        libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    # Effective, permitted and inheritable, of capabilities 0 to 31 and then of 32 to 63.
    sets = (ctypes.c_uint32 * 6)()
    if libc.capget(header, sets) != 0:
        return
    for capability in SPYING:
        half = capability // 32 * 3
        for index in range(half, half + 3):
            sets[index] &= ~(1 << capability % 32)
    libc.capset(header, sets)


def forget(secret: str) -> None:
    """Overwrites every copy of a secret in this process's memory: a fork has inherited those that its parent ever made."""
    needle = bytearray(secret, "utf-8")
    length = len(needle)
    needle_address = ctypes.addressof((ctypes.c_char * length).from_buffer(needle))
    zeros, seen, chunk = bytes(length), bytearray(length), bytearray(CHUNK)
    memory = os.open("/proc/self/mem", os.O_RDWR)
    found = []
    for start, end in _writable_memory():
        while end - start >= length:
            try:
                count = os.preadv(memory, [memoryview(chunk)[: end - start]], start)
            except OSError:
                break  # no memory is behind it
            if count < length:
                break
            at = chunk.find(needle, 0, count)
            while at >= 0:
                found.append(start + at)
                at = chunk.find(needle, at + 1, count)
            start += count - length + 1
    for address in found:
        # Free memory may be in use meanwhile; `secret` itself goes with the others, `needle` has to be the last.
        if address != needle_address and os.preadv(memory, [seen], address) == length and seen == needle:
            os.pwrite(memory, zeros, address)
    for copy in (seen, chunk, needle):
        copy[:] = bytes(len(copy))
    os.close(memory)


def _writable_memory() -> Iterator[tuple[int, int]]:
    """(start, end) of the address ranges."""
    with open("/proc/self/maps") as file:
        lines = file.read().splitlines()
    for line in lines:
        place, access = line.split(maxsplit=2)[:2]
        if access.startswith("rw"):
            start, end = place.split("-")
            yield int(start, 16), int(end, 16)
