"""Which failed attempts are repeated, and after which pause. Pure: what is random in a pause follows from the task's name."""

import zlib

from ...contract.protocol import CRASH, FALLBACK_ATTEMPTS, TIMEOUT

RETRY_OF_MADE = {"times": 4, "backoffMs": 1_000, "factor": 4, "maxMs": 60_000, "jitter": 0.5, "on": [CRASH, TIMEOUT]}
"""Steps that the compiler made do nothing that the user might not want twice."""


def retry_of(spec):
    """How a step's failed attempts are repeated; None when they are not."""
    return spec.get("retry") or (RETRY_OF_MADE if spec.get("made") else None)


def is_repeated(spec, attempt, kinds):
    """Whether a failed attempt (from 0) is followed by another of the user's code. `kinds` name the failure."""
    retry = retry_of(spec)
    if retry is None or attempt >= retry["times"]:
        return False
    return not retry["on"] or any(kind in retry["on"] for kind in kinds)


def fallback(spec, attempt):
    """The attempt in which `catch` takes a failure that the user's code could not be asked about; None without `catch`."""
    times = spec.get("retry", {}).get("times", 0)
    if not spec.get("catches") or attempt >= times + FALLBACK_ATTEMPTS:
        return None
    return times + 1


def attempts_max(spec):
    """Attempts of a task at most."""
    return 1 + spec.get("retry", {}).get("times", 0) + (FALLBACK_ATTEMPTS if spec.get("catches") else 0)


def pause_ms(spec, attempt, name):
    """Before the attempt after this one; `name` makes the random part differ from task to task."""
    retry = retry_of(spec)
    pause = min(retry["backoffMs"] * retry["factor"] ** attempt, retry["maxMs"])
    chance = zlib.crc32(f"{name}/{attempt}".encode()) / 0xFFFFFFFF
    return round(pause * (1 - retry["jitter"] * chance))


def kinds_of_death(message):
    """What a lost activation's error says of its end, in OpenWhisk's words."""
    return [TIMEOUT] if "time limit" in message else [CRASH]
