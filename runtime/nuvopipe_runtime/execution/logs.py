"""A task's output in Metaflow's log format (mflog), and as it goes on to the activation's log."""

import datetime
import uuid

from .masking import Mask

LOG_MAX_BYTES = 10 * 1024 * 1024
"""A task's log is cut there, as OpenWhisk cuts an activation's (its default log limit is 10 MB)."""

CUT = b"... the log is cut here: it is longer than 10 MB"


class LogStream:
    """Collects one of a task's output streams, line by line, each with its time; `mask` is given every line."""

    def __init__(self, echo, mask=None):
        self._echo = echo
        self._mask = mask or Mask([])
        self._rest = b""
        self._lines = []
        self._room = LOG_MAX_BYTES

    def feed(self, data):
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._add(line)

    def finish(self):
        if self._rest:
            self._add(self._rest)
            self._rest = b""

    def add_line(self, text):
        self.finish()
        self._add(text.encode())

    def content(self):
        """The object's bytes; empty when nothing was written."""
        return b"".join(self._lines)

    def _add(self, line):
        if self._room < 0:
            return
        line = self._mask.line(line)
        self._room -= len(line)
        if self._room < 0:
            line = CUT
        self._echo(line)
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")
        self._lines.append(b"[MFLOG|0|%sZ|task|%s]%s\n" % (now.encode(), str(uuid.uuid4()).encode(), line))
