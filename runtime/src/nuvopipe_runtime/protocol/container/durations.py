"""How long steps take."""

from __future__ import annotations


class Durations:
    """Durations of the steps executed in this container: for each step, the longest one in the last run that executed it."""

    def __init__(self) -> None:
        self._longest: dict[str, tuple[str, float]] = {}

    def add(self, step: str, run: str, taken_s: float) -> None:
        of, before = self._longest.get(step, (run, 0))
        self._longest[step] = run, max(taken_s, before if of == run else 0)

    def of(self, step: str, run: str) -> tuple[float, bool] | None:
        """`(seconds, whether in this run)`; None if the step was not executed here."""
        if step not in self._longest:
            return None
        of, longest = self._longest[step]
        return longest, of == run
