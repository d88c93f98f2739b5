"""Which failed attempts are repeated, and after which pause. Pure: the random part of a pause depends on the task's name."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from ...contract.protocol import CRASH, FALLBACK_ATTEMPTS, TIMEOUT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ...contract.formats import PlannedRetry, PlannedStep

RETRY_OF_MADE: PlannedRetry = {
    "times": 4,
    "backoffMs": 1_000,
    "factor": 4,
    "maxMs": 60_000,
    "jitter": 0.5,
    "on": [CRASH, TIMEOUT],
}
"""Synthetic steps have no side effects, so they are always repeated."""


def retry_of(spec: PlannedStep) -> PlannedRetry | None:
    """How a step's failed attempts are repeated; None if they are not."""
    return spec.get("retry") or (RETRY_OF_MADE if spec.get("made") else None)


def times_of(spec: PlannedStep) -> int:
    """How often a failed attempt of the user's code is repeated."""
    return spec["retry"]["times"] if "retry" in spec else 0


def is_repeated(spec: PlannedStep, attempt: int, kinds: Iterable[str]) -> bool:
    """Whether user code runs again after a failed attempt, counted from 0. `kinds` are the names of the failure."""
    retry = retry_of(spec)
    if retry is None or attempt >= retry["times"]:
        return False
    return not retry["on"] or any(kind in retry["on"] for kind in kinds)


def fallback(spec: PlannedStep, attempt: int) -> int | None:
    """Number of the extra attempt in which `catch` handles a crash; None without `catch`."""
    times = times_of(spec)
    if not spec.get("catches") or attempt >= times + FALLBACK_ATTEMPTS:
        return None
    return times + 1


def pause_ms(spec: PlannedStep, attempt: int, name: str) -> int:
    """Pause before the attempt after this one; `name` makes the random part differ between tasks."""
    retry = retry_of(spec)
    assert retry is not None
    pause = min(retry["backoffMs"] * retry["factor"] ** attempt, retry["maxMs"])
    chance = zlib.crc32(f"{name}/{attempt}".encode()) / 0xFFFFFFFF
    return round(pause * (1 - retry["jitter"] * chance))


def kinds_of_death(message: str) -> list[str]:
    """Names that `retry.on` can use for a failed activation, from OpenWhisk's error message."""
    return [TIMEOUT] if "time limit" in message else [CRASH]
