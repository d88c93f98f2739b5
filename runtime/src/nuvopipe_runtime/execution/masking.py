"""Keeps secrets out of what is kept and shown of a task: one that a step prints, or fails with, is no leak."""

import re

from ..text import to_bytes

MASKED = "***"

LENGTH_MIN = 4
"""Characters. A shorter secret is no secret, and the log without it would be no log."""


class Mask:
    def __init__(self, secrets):
        """`secrets`: their values. Each line of a secret with several lines is masked."""
        lines = {line.strip() for secret in secrets for line in secret.splitlines()}
        # Longest first: one may be a part of another.
        self._texts = sorted((line for line in lines if len(line) >= LENGTH_MIN), key=len, reverse=True)

    def stream(self):
        """For the bytes of one output stream."""
        return MaskedStream({form for text in self._texts for form in _byte_forms(text)})

    def value(self, value):
        """A JSON value, with all texts in it."""
        if not self._texts:
            return value
        if isinstance(value, str):
            for secret in self._texts:
                value = value.replace(secret, MASKED)
            return value
        if isinstance(value, list):
            return [self.value(item) for item in value]
        if isinstance(value, dict):
            return {self.value(key): self.value(item) for key, item in value.items()}
        return value


class MaskedStream:
    """Masks bytes that come in pieces. Holds back what could be the beginning of a secret, and nothing else."""

    def __init__(self, secrets):
        """`secrets`: bytes without line feeds."""
        longest_first = sorted(secrets, key=len, reverse=True)
        self._pattern = re.compile(b"|".join(map(re.escape, longest_first))) if secrets else None
        self._ahead = len(longest_first[0]) - 1 if secrets else 0
        self._held = b""

    def feed(self, data):
        """What can be shown by now."""
        if self._pattern is None:
            return data
        data = self._held + data
        # A secret that begins before here is all in this piece: it ends within its length, and within its line.
        return self._mask(data, max(len(data) - self._ahead, data.rfind(b"\n") + 1, 0))

    def finish(self):
        """What was held back."""
        return self._mask(self._held, len(self._held)) if self._held else b""

    def _mask(self, data, end):
        shown, at = [], 0
        for match in self._pattern.finditer(data):
            if match.start() >= end:
                break
            shown += [data[at : match.start()], MASKED.encode()]
            at = match.end()
        end = max(at, end)
        self._held = data[end:]
        return b"".join([*shown, data[at:end]])


def _byte_forms(text):
    """How a step writes it: as text, or as the undecodable bytes that `os.fsdecode` has made text of."""
    yield to_bytes(text)
    try:
        yield text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        pass  # not from `os.fsdecode`
