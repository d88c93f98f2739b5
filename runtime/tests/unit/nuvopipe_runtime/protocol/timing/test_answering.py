"""A client is answered in time, which does not slow down a quick run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from nuvopipe_runtime.protocol.container.durations import Durations
from nuvopipe_runtime.protocol.sessions.handover import THROTTLE_WINDOW_MS, pause_after_refusal_ms
from nuvopipe_runtime.protocol.timing.answering import answer_in_time, fits, outlasts
from tests.unit.nuvopipe_runtime.protocol.test_session import LINEAR, LINEAR_PLAN, LINEAR_STEPS

if TYPE_CHECKING:
    from tests.fixture_types import MakeFlow


NOW = 1_000_000
MINUTE = 60


def envelope(left_s: Any, **more: Any) -> dict[str, Any]:
    return {"run": "r", "home": True, "answerBy": NOW + left_s * 1000, **more}


@pytest.mark.parametrize(
    ("given", "by"),
    [
        ({"home": True}, NOW + 50_000),
        ({"home": True, "answerWithin": 3}, NOW + 3_000),
        ({"home": True, "answerWithin": 0}, None),
        ({}, None),
    ],
)
def test_a_client_is_answered_after_fifty_seconds_or_when_it_says(given: dict[str, Any], by: Any) -> None:
    answer_in_time(given, NOW)
    assert given.get("answerBy") == by


@pytest.mark.parametrize(
    ("left_s", "limit_s", "known", "more", "expected"),
    [
        (50, 30, None, {}, True),
        (50, MINUTE, None, {}, True),  # at the beginning of a run, which may be quick
        (48, MINUTE, (0.1, False), {}, True),
        (40, MINUTE, (0.1, False), {}, False),
        (40, MINUTE, None, {}, False),
        (40, MINUTE, (2, True), {}, True),
        (10, MINUTE, (2, True), {}, False),
        (50, 300, None, {}, False),
        (50, 300, (0.1, False), {}, True),
        (50, 300, (20, False), {}, False),
        (3, MINUTE, (0.1, False), {"answerWithin": 3}, False),
        (3, 2, None, {"answerWithin": 3}, True),
    ],
)
def test_a_step_begins_where_it_fits(left_s: int, limit_s: Any, known: Any, more: dict[str, Any], expected: bool) -> None:
    assert fits(envelope(left_s, **more), limit_s, known, NOW) is expected


def test_nobody_is_answered_where_nobody_waits() -> None:
    assert fits({"run": "r"}, 300, None, NOW)
    assert not outlasts({"run": "r"}, 10**6, NOW)
    assert outlasts(envelope(2), 3_000, NOW)
    assert not outlasts(envelope(2), 1_000, NOW)


def test_durations_are_the_longest_of_the_last_run() -> None:
    durations = Durations()
    assert durations.of("a", "r1") is None
    for taken_s in (1, 3, 2):
        durations.add("a", "r1", taken_s)
    assert durations.of("a", "r1") == (3, True)
    assert durations.of("a", "r2") == (3, False)
    durations.add("a", "r2", 0.5)
    assert durations.of("a", "r2") == (0.5, True)


def test_the_first_session_hands_over_and_waits(platform: MakeFlow) -> None:
    p = platform(LINEAR, LINEAR_STEPS, **LINEAR_PLAN)
    first = {"run": "r1", "block": p.plan.block("start"), "step": "start", "at": [], "home": True, "params": {}}
    assert p.run_session(dict(first, answerWithin=2)) == {"run": "r1", "status": "running"}
    assert p.launches == 1
    assert p.result()["status"] == "succeeded"


def test_refused_it_works_on(platform: MakeFlow) -> None:
    p = platform(LINEAR, LINEAR_STEPS, **LINEAR_PLAN)
    p.refuse = lambda envelope: True
    first = {"run": "r1", "block": p.plan.block("start"), "step": "start", "at": [], "home": True, "params": {}}
    assert p.run_session(dict(first, answerWithin=2))["status"] == "succeeded"


def test_a_launch_refused_for_concurrency_is_repeated_soon() -> None:
    pauses = []
    now = 60_000_123
    for _ in range(6):
        pauses.append(pause_after_refusal_ms(True, 60_000_123, now))
        now += pauses[-1]
    assert pauses[0] < 1_500
    assert all(before < after for before, after in zip(pauses[:4], pauses[1:5], strict=True))
    assert max(pauses) < 16_000
    assert pause_after_refusal_ms(False, 60_000_123, 60_000_123) > THROTTLE_WINDOW_MS - 200
