"""A task's output in Metaflow's log format (mflog).

Of an oversized line or log the head and the tail are kept: the tail has the traceback. All work is linear in what is written.
"""

import datetime
import uuid
from collections import deque

from ..text import note_of, to_bytes
from .masking import Mask

LOG_HEAD_BYTES = 4 << 20
LOG_TAIL_BYTES = 6 << 20
"""With the head 10 MB, like an activation's log by OpenWhisk's default."""

LINE_HEAD_BYTES = 256 << 10
LINE_TAIL_BYTES = 256 << 10
"""A progress bar that only returns the carriage is one line."""

FRESH_MAX_BYTES = 256 << 10
"""Kept of what was written since somebody last looked at a running step."""

OPEN_MAX_BYTES = 4 << 10
"""Of a line that is not finished, what a running step shows."""

TASK, OPEN = b"task", b"open"
"""Sources of a line: mflog's word for the step's own output, and ours for a line that is still being written."""


class LogStream:
    """Collects one of a task's output streams, line by line, each with its time."""

    def __init__(self, mask=None):
        self._masked = (mask or Mask([])).stream()
        self._line = Clipped(LINE_HEAD_BYTES, LINE_TAIL_BYTES)
        self._id = uuid.uuid4().hex.encode()
        self._count = 0
        self._head = []
        self._head_room = LOG_HEAD_BYTES
        self._tail = Window(LOG_TAIL_BYTES)
        self._fresh = Window(FRESH_MAX_BYTES)
        self._shown_open = b""

    def feed(self, data):
        self._take(self._masked.feed(data))

    def finish(self):
        """No more is read: the last line may lack its line feed."""
        self._take(self._masked.finish())
        if self._line.size:
            self._add([self._line.take()])

    def add_line(self, text):
        """A line of the supervisor's own, after all of the step's."""
        self.finish()
        self._add(to_bytes(text).split(b"\n"))

    def content(self):
        """The object's bytes; empty when nothing was written."""
        return b"".join([*self._head, *self._tail.noted()])

    def fresh(self):
        """Bytes in the same format: the lines since the last call, or the newest of them, and an unfinished line's state."""
        entries = self._fresh.noted()
        self._fresh = Window(FRESH_MAX_BYTES)
        state = _last_state(self._line.tail(OPEN_MAX_BYTES))
        if state and (entries or state != self._shown_open):
            entries.append(self._entry(OPEN, self._count + 1, _now(), _readable(state)))
        self._shown_open = state
        return b"".join(entries)

    def _take(self, data):
        *lines, rest = data.split(b"\n")
        if lines:
            self._line.add(lines[0])
            lines[0] = self._line.take()
            self._add([lines[0], *map(_clip, lines[1:])])
        self._line.add(rest)

    def _add(self, lines):
        now = _now()
        for line in map(_readable, lines):
            self._count += 1
            entry = self._entry(TASK, self._count, now, line)
            self._fresh.add(entry)
            if self._head_room >= len(entry) and not self._tail.added:
                self._head.append(entry)
                self._head_room -= len(entry)
            else:
                self._tail.add(entry)

    def _entry(self, source, number, now, line):
        # Metaflow's client sorts lines of the same time by their ids.
        return b"[MFLOG|0|%sZ|%s|%s-%09d]%s\n" % (now, source, self._id, number, line)


class Window:
    """The newest of many entries, as many as there is room for; of the others their number and bytes."""

    def __init__(self, room):
        self.entries = deque()
        self.added = 0
        self.dropped = 0
        self._dropped_bytes = 0
        self._room = room
        self._first_dropped = b""

    def add(self, entry):
        self.added += 1
        self.entries.append(entry)
        self._room -= len(entry)
        while self._room < 0 and len(self.entries) > 1:
            old = self.entries.popleft()
            self._room += len(old)
            if not self.dropped:
                self._first_dropped = _header_of(old)
            self.dropped += 1
            self._dropped_bytes += len(_text_of(old)) + 1

    def note(self):
        """An entry in the place of those that were dropped."""
        lines = "line" if self.dropped == 1 else "lines"
        what = note_of(self.dropped, f"{lines}, {self._dropped_bytes:,} bytes,").strip()
        return b"%s%s\n" % (self._first_dropped, what.encode())

    def noted(self):
        return [*([self.note()] if self.dropped else []), *self.entries]


class Clipped:
    """Head and tail of bytes that come in pieces."""

    def __init__(self, head, tail):
        self._head_max = head
        self._tail_max = tail
        self._clear()

    def _clear(self):
        self.size = 0
        self._head = bytearray()
        self._tail = deque()
        self._tail_size = 0

    def add(self, data):
        self.size += len(data)
        room = self._head_max - len(self._head)
        if room > 0:
            self._head += data[:room]
            data = data[room:]
        if data:
            self._tail.append(data)
            self._tail_size += len(data)
            while self._tail_size - len(self._tail[0]) >= self._tail_max:
                self._tail_size -= len(self._tail.popleft())

    def take(self):
        """All of it, or head and tail with a note between; begins again."""
        head, tail = bytes(self._head), b"".join(self._tail)[-self._tail_max :]
        left_out = self.size - len(head) - len(tail)
        self._clear()
        return _joined(head, left_out, tail) if left_out else head + tail

    def tail(self, length):
        """At most so many of the last bytes."""
        found = b""
        for piece in reversed(self._tail):
            found = piece + found
            if len(found) >= length:
                return found[-length:]
        return (bytes(self._head[-length:]) + found)[-length:]


def _clip(line):
    if len(line) <= LINE_HEAD_BYTES:
        return line
    whole = Clipped(LINE_HEAD_BYTES, LINE_TAIL_BYTES)
    whole.add(line)
    return whole.take()


def _joined(head, left_out, tail):
    # A character that is cut in two is left out, too.
    head, tail = (part.decode("utf-8", "ignore").encode() if not _is_text(part) else part for part in (head, tail))
    return head + note_of(left_out, "bytes").encode() + tail


def _readable(line):
    r"""Metaflow's client decodes lines strictly: other bytes are shown as `\xff`."""
    return line if _is_text(line) else line.decode("utf-8", "backslashreplace").encode()


def _is_text(data):
    try:
        data.decode()
        return True
    except UnicodeDecodeError:
        return False


def _last_state(line):
    """What a terminal would show of a line whose carriage has returned."""
    return line.rstrip(b"\r").rsplit(b"\r", 1)[-1]


def _header_of(entry):
    return entry[: entry.index(b"]") + 1]


def _text_of(entry):
    return entry[entry.index(b"]") + 1 : -1]


def _now():
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%f").encode()
