"""Masks secrets in a task's logs, errors and outputs, even if the step prints them or raises an error with them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ..text import to_bytes

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

MASKED = "***"

LENGTH_MIN = 4
"""Minimum length of a masked secret, in characters. Shorter ones protect nothing, and masking them would garble the log."""


class Mask:
    def __init__(self, secrets: Iterable[str]) -> None:
        """`secrets`: the values. In a secret of several lines, each line is masked."""
        lines = {line.strip() for secret in secrets for line in secret.splitlines()}
        # Longest first, because a secret may be part of another.
        self._texts = sorted((line for line in lines if len(line) >= LENGTH_MIN), key=len, reverse=True)

    def stream(self) -> MaskedStream:
        """Returns the masking stream for one output stream."""
        return MaskedStream({form for text in self._texts for form in _byte_forms(text)})

    def value(self, value: Any) -> Any:
        """Returns a JSON value with its texts masked."""
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
    """Masks bytes that arrive in pieces. Holds back only bytes that might begin a secret."""

    def __init__(self, secrets: Collection[bytes]) -> None:
        """`secrets`: bytes without line feeds."""
        longest_first = sorted(secrets, key=len, reverse=True)
        self._pattern = re.compile(b"|".join(map(re.escape, longest_first))) if secrets else None
        self._ahead = len(longest_first[0]) - 1 if secrets else 0
        self._held = b""

    def feed(self, data: bytes) -> bytes:
        """Adds bytes; returns those that can be shown already."""
        if self._pattern is None:
            return data
        data = self._held + data
        # A secret that begins before here is complete: it ends within its length and within its line.
        return self._mask(data, max(len(data) - self._ahead, data.rfind(b"\n") + 1, 0))

    def finish(self) -> bytes:
        """Returns the bytes that were held back."""
        return self._mask(self._held, len(self._held)) if self._held else b""

    def _mask(self, data: bytes, end: int) -> bytes:
        shown: list[bytes] = []
        at = 0
        for match in self._pattern.finditer(data) if self._pattern else ():
            if match.start() >= end:
                break
            shown += [data[at : match.start()], MASKED.encode()]
            at = match.end()
        end = max(at, end)
        self._held = data[end:]
        return b"".join([*shown, data[at:end]])


def _byte_forms(text: str) -> Iterator[bytes]:
    """The forms in which a step can write a text: UTF-8, or the undecodable bytes from which `os.fsdecode` made it."""
    yield to_bytes(text)
    try:
        yield text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        pass  # not from `os.fsdecode`
