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

    def take(self):
        """A fresh directory, which now belongs to the caller."""
        if self._next is None:
            self.prepare()
        taken, self._next = self._next, None
        return taken

    def prepare(self):
        place = os.path.join(self._source, PLACE)
        try:
            os.makedirs(place, exist_ok=True)
            made = tempfile.mkdtemp(dir=place)
        except OSError:
            made = tempfile.mkdtemp(prefix="nuvopipe-work-")  # the action's own folder may be read-only
        shutil.copytree(self._source, made, ignore=self._left_out, symlinks=True, dirs_exist_ok=True)
        self._next = made

    def clear(self, directory):
        """Deletes the directory of a task that has ended."""
        shutil.rmtree(directory, ignore_errors=True)

    def remove(self):
        if self._next is not None:
            self.clear(self._next)

    def _left_out(self, folder, names):
        return [PLACE] if folder == self._source and PLACE in names else []
