"""Plays the flows of `schemas/golden/flows` and records the envelopes and records of their runs.

`NUVOPIPE_RECORD=1 pytest runtime/tests/unit/test_golden.py` writes them to `schemas/golden/{envelopes,records}`.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nuvopipe_runtime.plan import Plan
from nuvopipe_testing.one_flow import OneFlow

if TYPE_CHECKING:
    from collections.abc import Callable

    from nuvopipe_runtime.store import Store

GOLDEN = Path(__file__).parents[2] / "schemas/golden"

RUNS: dict[str, tuple[str, Callable[[OneFlow], Any]]] = {
    "line": ("line", lambda platform: None),
    "titles": ("titles", lambda platform: None),
    "all": ("all", lambda platform: set_answers(platform, {"result": {"text": "Hello"}})),
    "all-fails": ("all", lambda platform: set_answers(platform, {"error": "gone"})),
}
"""Recorded runs by name: the flow, and how the platform answers it."""


def set_answers(platform: OneFlow, answer: Any) -> None:
    platform.answer = lambda envelope, arguments: answer
    platform.result_of = lambda envelope, arguments: {"status": "succeeded", "outputs": {"count": 4}}


def plan_folder(flow: str) -> Path:
    return GOLDEN / "plans" / flow


def record(name: str, folder: Path) -> tuple[list[Any], dict[str, Any]]:
    """Plays a run in a folder. Returns `(envelopes, records)`: each activation's envelope with its answer, and the last
    value of each object that the run has written, by key."""
    flow, prepare = RUNS[name]
    shutil.copytree(plan_folder(flow), folder, dirs_exist_ok=True)
    shutil.copy(GOLDEN / "flows" / f"{flow}.yaml", folder)
    platform = OneFlow(Plan(str(folder)))
    try:
        platform.container.executor.secrets = {"API_KEY": "test"}
        prepare(platform)
        written = watch(platform.store)
        answers = watch_answers(platform)
        platform.invoke(run=name)
    finally:
        platform.container.executor.close()
    normal = Normal(platform.plan.hash)
    envelopes = [{"given": normal.of(given), "answered": normal.of(answered)} for given, answered in answers]
    return envelopes, normal.of({key: written[key] for key in sorted(written)})


def write(name: str, envelopes: list[Any], records: dict[str, Any]) -> None:
    """Writes a recording, with one envelope or record per line."""
    lines = [to_text(each) for each in envelopes]
    (GOLDEN / "envelopes" / f"{name}.json").write_text("[\n" + ",\n".join(lines) + "\n]\n")
    lines = [f"{to_text(key)}: {to_text(each)}" for key, each in records.items()]
    (GOLDEN / "records" / f"{name}.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


def to_text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def watch(store: Store) -> dict[str, Any]:
    """Returns the JSON that is written from now on, by key."""
    written: dict[str, Any] = {}

    def watched(write: Any) -> Any:
        def writes(key: str, data: bytes, *more: Any) -> Any:
            answer = write(key, data, *more)
            if key.startswith("_nuvopipe/") and "/logs/" not in key and data.startswith(b"{"):
                written[key] = json.loads(data)
            return answer

        return writes

    for name in ("put", "create", "replace"):
        setattr(store, name, watched(getattr(store, name)))
    return written


def watch_answers(platform: OneFlow) -> list[tuple[Any, Any]]:
    answers: list[tuple[Any, Any]] = []
    activate = platform.activate

    def activates(flow: Any, envelope: Any, *more: Any) -> Any:
        answer = activate(flow, envelope, *more)
        answers.append((envelope, answer))
        return answer

    platform.activate = activates  # type: ignore[method-assign]
    return answers


TIME_MS = 1714979289010
"""In place of all times."""

DATE = "date:2024-05-06"
ACTIVATION = "activation-1"
"""In place of all tags with the date, and of all ids of activations."""

EPOCH_MS_MIN = 10**12
"""No other integer in envelopes and records is as large, besides parameters, which are beyond 2**53."""


class Normal:
    """Replaces what differs between two recordings: times, hashes and other digests."""

    def __init__(self, hash: str) -> None:
        self._digests = {hash: hash}

    def of(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {self._text(key): self.of(each) for key, each in value.items()}
        if isinstance(value, list):
            return [self.of(each) for each in value]
        if isinstance(value, int) and EPOCH_MS_MIN < value < 2**53:
            return TIME_MS
        return self._text(value) if isinstance(value, str) else value

    def _text(self, text: str) -> str:
        text = re.sub(r"^date:[0-9-]+$", DATE, re.sub(r"^activation-\d+$", ACTIVATION, text))
        return re.sub(r"\b(?:[0-9a-f]{64}|[0-9a-f]{40}|[0-9a-f]{16})\b", lambda found: self._digest(found[0]), text)

    def _digest(self, digest: str) -> str:
        return self._digests.setdefault(digest, format(len(self._digests), f"0{len(digest)}x"))
