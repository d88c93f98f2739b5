"""The log of a running step can be read while the step runs, and is replaced when it has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from nuvopipe_runtime.contract.layout import RunLayout
from nuvopipe_runtime.execution import execute, live_log
from tests.unit.nuvopipe_runtime.protocol.test_failures import FLOW, PLAN
from tests.unit.nuvopipe_runtime.protocol.test_session import LINEAR_STEPS

if TYPE_CHECKING:
    from nuvopipe_testing.one_flow import OneFlow
    from tests.fixture_types import MakeFlow


TALK = """
for n in range(100):
    print("tick", n, flush=True)
    time.sleep(0.02)
"""


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(execute, "LOOK_EVERY_S", 0.1)
    monkeypatch.setattr(live_log, "PAUSE_MIN_S", 0.1)


def watched(p: OneFlow) -> tuple[list[Any], list[Any]]:
    """Returns the keys of parts that are written and of those that are deleted."""
    written, deleted = [], []
    put, delete = p.store.put, p.store.delete

    def note_put(key: str, *arguments: Any) -> Any:
        if "/logs/" in key:
            written.append(key)
        return put(key, *arguments)

    def note_delete(key: str) -> Any:
        if "/logs/" in key:
            deleted.append(key)
        return delete(key)

    p.store.put, p.store.delete = note_put, note_delete
    return written, deleted


def test_parts_are_written_while_a_step_runs_and_go_when_its_log_is_there(platform: MakeFlow) -> None:
    p = platform(FLOW, LINEAR_STEPS, **PLAN)
    written, deleted = watched(p)
    assert p.invoke(how=TALK)["status"] == "succeeded"
    assert len(written) >= 3
    assert written[0] == RunLayout("F", "r1").log_prefix("start", "t", 0, "activation-1") + "00000.stdout"
    assert sorted(deleted) == sorted(written) and p.keys("/logs/") == []
    assert b"]tick 99\n" in p.store.get("F/r1/start/t/0.task_stdout.log")[0]


def test_those_of_a_step_that_is_ended_with_its_run_stay(platform: MakeFlow) -> None:
    p = platform(FLOW, LINEAR_STEPS, **PLAN)
    layout = RunLayout("F", "r1")
    put = p.store.put

    def cancel(key: str, *arguments: Any) -> Any:
        if "/logs/" in key:
            put(layout.cancelled, b"{}")
        return put(key, *arguments)

    p.store.put = cancel
    p.invoke(how=TALK + "time.sleep(60)")
    parts = p.keys("/logs/start/t/0/")
    assert parts
    assert b"]tick 0\n" in p.store.get(parts[0])[0]
    assert p.store.get("F/r1/start/t/0.task_stdout.log") is None


def test_those_of_a_lost_attempt_stay_beside_the_log_of_the_one_that_followed(platform: MakeFlow) -> None:
    p = platform(FLOW, {**LINEAR_STEPS, "start": {**LINEAR_STEPS["start"], "timeoutMs": 20_000}}, **PLAN)
    lost = RunLayout("F", "r1").log_prefix("start", "t", 0, "lost") + "00000.stdout"
    p.store.put(lost, b"[MFLOG|0|2026-01-01T00:00:00.000000Z|task|id-1]half of it\n")
    assert p.invoke(how=TALK)["status"] == "succeeded"
    assert p.keys("/logs/") == [lost]
