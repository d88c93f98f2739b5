"""Checks whether the kernel has killed processes of this container because its memory ran out."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from os import PathLike

FILES = ("/sys/fs/cgroup/memory.events", "/sys/fs/cgroup/memory/memory.oom_control")
"""Files of cgroups version 2 and 1. Each has a line `oom_kill <count>`."""


def oom_kills(files: Iterable[str | PathLike[str]] = FILES) -> int | None:
    """Number of processes that the kernel has killed; None if no file has it."""
    for path in files:
        try:
            with open(path) as file:
                found = [line.split() for line in file]
        except OSError:
            continue
        return next((int(words[1]) for words in found if len(words) == 2 and words[0] == "oom_kill"), None)
    return None
