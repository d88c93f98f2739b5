"""The working directory of a task: its own, with a fresh copy of the flow's files."""

import os
import shutil
import tempfile

PLACE = ".work"
"""Below the flow's directory, so that it goes when the container goes."""


class Workplace:
    """Makes directories for one task after the other; the next one is prepared ahead."""

    def __init__(self, directory):
        self._source = directory
        self._next = None
        """(directory, what was in it when it was made)."""

    def take(self):
        """A fresh directory, which belongs to the caller until it gives it back."""
        if self._next is None:
            self.prepare()
        return self._next[0]

    def give_back(self):
        """After the task's end. A directory in which nothing was touched is the next one's."""
        directory, seen = self._next
        if seen != _look(directory):
            self.remove()

    def prepare(self):
        """Makes the next directory, if there is none."""
        if self._next is not None:
            return
        place = os.path.join(self._source, PLACE)
        try:
            os.makedirs(place, exist_ok=True)
            made = tempfile.mkdtemp(dir=place)
        except OSError:
            made = tempfile.mkdtemp(prefix="nuvopipe-work-")  # the action's own folder may be read-only
        shutil.copytree(self._source, made, ignore=self._left_out, symlinks=True, dirs_exist_ok=True)
        self._next = made, _look(made)

    def remove(self):
        if self._next is not None:
            shutil.rmtree(self._next[0], ignore_errors=True)
            self._next = None

    def _left_out(self, folder, names):
        return [PLACE] if folder == self._source and PLACE in names else []


def _look(directory):
    """Everything below a directory, and when it was last changed: no program can set the time of that (`st_ctime`)."""
    found = {}
    for folder, _, files in os.walk(directory):
        for path in (folder, *(os.path.join(folder, name) for name in files)):
            status = os.lstat(path)
            found[path] = status.st_ctime_ns, status.st_ino
    return found
