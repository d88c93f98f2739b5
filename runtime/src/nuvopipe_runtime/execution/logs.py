"""A task's output in Metaflow's log format (mflog).

An oversized line or log keeps its head and its tail, which has the traceback. The work is linear in the size of the output.
"""

from __future__ import annotations

import datetime
import uuid
from collections import deque
from typing import TYPE_CHECKING

from ..text import note_of, to_bytes
from .masking import Mask

if TYPE_CHECKING:
    from collections.abc import Iterable

LOG_HEAD_BYTES = 4 << 20
LOG_TAIL_BYTES = 6 << 20
"""Head and tail together are 10 MB, OpenWhisk's default limit for an activation's log."""

LINE_HEAD_BYTES = 256 << 10
LINE_TAIL_BYTES = 256 << 10
"""Maximum length of a line. A progress bar that writes carriage returns without line feeds is one line."""

FRESH_MAX_BYTES = 256 << 10
"""Maximum output kept since the last part of a live log."""

OPEN_MAX_BYTES = 4 << 10
"""Maximum length of an unfinished line in a live log."""

TASK, OPEN = b"task", b"open"
"""Sources of a line: mflog's name for the step's own output, and ours for an unfinished line."""


class LogStream:
    """Collects one of a task's output streams, line by line, each with its time."""

    def __init__(self, mask: Mask | None = None) -> None:
        self._masked = (mask or Mask([])).stream()
        self._line = Clipped(LINE_HEAD_BYTES, LINE_TAIL_BYTES)
        self._id = uuid.uuid4().hex.encode()
        self._count = 0
        self._head: list[bytes] = []
        self._head_room = LOG_HEAD_BYTES
        self._tail = Window(LOG_TAIL_BYTES)
        self._fresh = Window(FRESH_MAX_BYTES)
        self._shown_open = b""

    def feed(self, data: bytes) -> None:
        self._take(self._masked.feed(data))

    def finish(self) -> None:
        """Ends the last line, which may lack its line feed."""
        self._take(self._masked.finish())
        if self._line.size:
            self._add([self._line.take()])

    def add_line(self, text: str) -> None:
        """Adds a line of the supervisor after all lines of the step."""
        self.finish()
        self._add(to_bytes(text).split(b"\n"))

    def content(self) -> bytes:
        """The log in Metaflow's format; empty if nothing was written."""
        return b"".join([*self._head, *self._tail.noted()])

    def fresh(self) -> bytes:
        """The newest lines since the last call, and the state of an unfinished line, in the same format."""
        entries = self._fresh.noted()
        self._fresh = Window(FRESH_MAX_BYTES)
        state = _last_state(self._line.tail(OPEN_MAX_BYTES))
        if state and (entries or state != self._shown_open):
            entries.append(self._entry(OPEN, self._count + 1, _now(), _readable(state)))
        self._shown_open = state
        return b"".join(entries)

    def _take(self, data: bytes) -> None:
        *lines, rest = data.split(b"\n")
        if lines:
            self._line.add(lines[0])
            lines[0] = self._line.take()
            self._add([lines[0], *map(_clip, lines[1:])])
        self._line.add(rest)

    def _add(self, lines: Iterable[bytes]) -> None:
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

    def _entry(self, source: bytes, number: int, now: bytes, line: bytes) -> bytes:
        # Metaflow's client sorts lines with the same time by their IDs.
        return b"[MFLOG|0|%sZ|%s|%s-%09d]%s\n" % (now, source, self._id, number, line)


class Window:
    """Keeps the newest entries that fit; counts the others and their bytes."""

    def __init__(self, room: int) -> None:
        self.entries: deque[bytes] = deque()
        self.added = 0
        self.dropped = 0
        self._dropped_bytes = 0
        self._room = room
        self._first_dropped = b""

    def add(self, entry: bytes) -> None:
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

    def note(self) -> bytes:
        """An entry in place of those that were dropped."""
        lines = "line" if self.dropped == 1 else "lines"
        what = note_of(self.dropped, f"{lines}, {self._dropped_bytes:,} bytes,").strip()
        return b"%s%s\n" % (self._first_dropped, what.encode())

    def noted(self) -> list[bytes]:
        return [*([self.note()] if self.dropped else []), *self.entries]


class Clipped:
    """Collects bytes that arrive in pieces, and keeps their head and tail."""

    def __init__(self, head: int, tail: int) -> None:
        """`head` and `tail`: number of bytes to keep."""
        self._head_max = head
        self._tail_max = tail
        self._clear()

    def _clear(self) -> None:
        self.size = 0
        self._head = bytearray()
        self._tail: deque[bytes] = deque()
        self._tail_size = 0

    def add(self, data: bytes) -> None:
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

    def take(self) -> bytes:
        """Returns all bytes, or head and tail with a note in between, and starts again with none."""
        head, tail = bytes(self._head), b"".join(self._tail)[-self._tail_max :]
        left_out = self.size - len(head) - len(tail)
        self._clear()
        return _joined(head, left_out, tail) if left_out else head + tail

    def tail(self, length: int) -> bytes:
        """The last bytes, limited to this number."""
        found = b""
        for piece in reversed(self._tail):
            found = piece + found
            if len(found) >= length:
                return found[-length:]
        return (bytes(self._head[-length:]) + found)[-length:]


def _clip(line: bytes) -> bytes:
    if len(line) <= LINE_HEAD_BYTES:
        return line
    whole = Clipped(LINE_HEAD_BYTES, LINE_TAIL_BYTES)
    whole.add(line)
    return whole.take()


def _joined(head: bytes, left_out: int, tail: bytes) -> bytes:
    # Leave out a character that was cut in two.
    head, tail = (part.decode("utf-8", "ignore").encode() if not _is_text(part) else part for part in (head, tail))
    return head + note_of(left_out, "bytes").encode() + tail


def _readable(line: bytes) -> bytes:
    r"""Metaflow's client decodes lines strictly: other bytes are shown as `\xff`."""
    return line if _is_text(line) else line.decode("utf-8", "backslashreplace").encode()


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
        return True
    except UnicodeDecodeError:
        return False


def _last_state(line: bytes) -> bytes:
    """A line with carriage returns as a terminal shows it."""
    return line.rstrip(b"\r").rsplit(b"\r", 1)[-1]


def _header_of(entry: bytes) -> bytes:
    return entry[: entry.index(b"]") + 1]


def _text_of(entry: bytes) -> bytes:
    return entry[entry.index(b"]") + 1 : -1]


def _now() -> bytes:
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%f").encode()
