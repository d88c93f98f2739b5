"""Keeps secrets out of what is kept and shown of a task: one that a step prints, or fails with, is no leak."""

MASKED = "***"

LENGTH_MIN = 4
"""Characters. A shorter secret is no secret, and the log without it would be no log."""


class Mask:
    def __init__(self, secrets):
        """`secrets`: their values. Of one with several lines each is looked for, since logs go by lines."""
        lines = {line.strip() for secret in secrets for line in secret.splitlines()}
        # Longest first: one may be a part of another.
        self._texts = sorted((line for line in lines if len(line) >= LENGTH_MIN), key=len, reverse=True)
        self._bytes = [text.encode() for text in self._texts]

    def line(self, line):
        """A line of a log, bytes."""
        for secret in self._bytes:
            line = line.replace(secret, MASKED.encode())
        return line

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
