"""Which failed attempts are repeated, and after which pause. Pure: what is random in a pause follows from the task's name."""

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
"""Steps that the compiler made do nothing that the user might not want twice."""


def retry_of(spec: PlannedStep) -> PlannedRetry | None:
    """How a step's failed attempts are repeated; None when they are not."""
    return spec.get("retry") or (RETRY_OF_MADE if spec.get("made") else None)


def times_of(spec: PlannedStep) -> int:
    """How often a failed attempt of the user's code is repeated."""
    return spec["retry"]["times"] if "retry" in spec else 0


def is_repeated(spec: PlannedStep, attempt: int, kinds: Iterable[str]) -> bool:
    """Whether a failed attempt (from 0) is followed by another of the user's code. `kinds` name the failure."""
    retry = retry_of(spec)
    if retry is None or attempt >= retry["times"]:
        return False
    return not retry["on"] or any(kind in retry["on"] for kind in kinds)


def fallback(spec: PlannedStep, attempt: int) -> int | None:
    """The attempt in which `catch` takes a failure that the user's code could not be asked about; None without `catch`."""
    times = times_of(spec)
    if not spec.get("catches") or attempt >= times + FALLBACK_ATTEMPTS:
        return None
    return times + 1


def attempts_max(spec: PlannedStep) -> int:
    """Attempts of a task at most."""
    return 1 + times_of(spec) + (FALLBACK_ATTEMPTS if spec.get("catches") else 0)


def pause_ms(spec: PlannedStep, attempt: int, name: str) -> int:
    """Before the attempt that repeats this one; `name` makes the random part differ from task to task."""
    retry = retry_of(spec)
    assert retry is not None
    pause = min(retry["backoffMs"] * retry["factor"] ** attempt, retry["maxMs"])
    chance = zlib.crc32(f"{name}/{attempt}".encode()) / 0xFFFFFFFF
    return round(pause * (1 - retry["jitter"] * chance))


def kinds_of_death(message: str) -> list[str]:
    """What a lost activation's error says of its end, in OpenWhisk's words."""
    return [TIMEOUT] if "time limit" in message else [CRASH]
