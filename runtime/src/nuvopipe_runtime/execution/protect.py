"""Keeps a step's code from reading the memory of the supervisor and of warm processes, which know the secrets of other steps.

All processes of a container run as the same user, so nothing else separates them. The OpenWhisk key needs no such protection:
no step container has it. Every task has the datastore's keys in its environment.
"""

from __future__ import annotations

import ctypes
import sys

PR_SET_DUMPABLE = 4
"""prctl(2): a process that is not dumpable cannot be read through /proc by others of the same user."""

PR_CAPBSET_DROP = 24
"""prctl(2): programs executed later do not get the capability back."""

CAPABILITY_VERSION_3 = 0x20080522
"""capget(2)"""

SPYING = (16, 17, 19, 21, 38, 39)
"""capabilities(7) with which root reads other processes' memory: SYS_MODULE, SYS_RAWIO, SYS_PTRACE, SYS_ADMIN, PERFMON, BPF."""

IS_LINUX = sys.platform == "linux"


def hide_memory(hidden: bool = True) -> None:
    if IS_LINUX:
        ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0 if hidden else 1, 0, 0, 0)


def give_up_spying() -> None:
    """Makes this process and all that it starts unable to read hidden memory, even as root."""
    if not IS_LINUX:
        return
    libc = ctypes.CDLL(None)
    for capability in SPYING:
        libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    # Effective, permitted and inheritable sets: first for capabilities 0 to 31, then for 32 to 63.
    sets = (ctypes.c_uint32 * 6)()
    if libc.capget(header, sets) != 0:
        return
    for capability in SPYING:
        half = capability // 32 * 3
        for index in range(half, half + 3):
            sets[index] &= ~(1 << capability % 32)
    libc.capset(header, sets)
