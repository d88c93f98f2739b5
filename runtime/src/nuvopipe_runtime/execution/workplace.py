"""The working directory of a task: its own, with a fresh copy of the flow's files."""

from __future__ import annotations

import os
import shutil
import tempfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import TypeAlias

    Look: TypeAlias = dict[str, tuple[int, int]]
    """By path: time of the last change in nanoseconds, and inode."""

PLACE = ".work"
"""Folder below the flow's directory, so that it is removed with the container."""


class Workplace:
    """Makes directories for one task after the other; the next one is prepared ahead."""

    def __init__(self, directory: str) -> None:
        self._source = directory
        self._next: tuple[str, Look] | None = None
        """(directory, its contents when it was made)."""

    def take(self) -> str:
        """Returns a fresh directory, which belongs to the caller until `give_back`."""
        self._next = self._next or self._make()
        return self._next[0]

    def give_back(self) -> None:
        """Takes the directory back after the task's end. If it is unchanged, the next task reuses it."""
        if self._next is not None and self._next[1] != _look(self._next[0]):
            self.remove()

    def prepare(self) -> None:
        """Makes the next directory if there is none."""
        self._next = self._next or self._make()

    def _make(self) -> tuple[str, Look]:
        place = os.path.join(self._source, PLACE)
        try:
            os.makedirs(place, exist_ok=True)
            made = tempfile.mkdtemp(dir=place)
        except OSError:
            made = tempfile.mkdtemp(prefix="nuvopipe-work-")  # the action's folder may be read-only
        shutil.copytree(self._source, made, ignore=self._left_out, symlinks=True, dirs_exist_ok=True)
        return made, _look(made)

    def remove(self) -> None:
        if self._next is not None:
            shutil.rmtree(self._next[0], ignore_errors=True)
            self._next = None

    def _left_out(self, folder: str, names: list[str]) -> list[str]:
        return [PLACE] if folder == self._source and PLACE in names else []


def _look(directory: str) -> Look:
    """Lists everything below a directory with the time of its last change (`st_ctime`, which programs cannot set)."""
    found: Look = {}
    for folder, _, files in os.walk(directory):
        for path in (folder, *(os.path.join(folder, name) for name in files)):
            status = os.lstat(path)
            found[path] = status.st_ctime_ns, status.st_ino
    return found
