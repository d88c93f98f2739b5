"""A fork gets more lanes if they pay, which depends on the duration of items and the start-up time of lanes."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from nuvopipe_runtime.protocol.container.pace import REMEMBERED_FOR_MS, Pace
from nuvopipe_runtime.protocol.pools.growth import lanes_to_add
from nuvopipe_testing.clocks import StandingClock
from tests.unit.nuvopipe_runtime.protocol.test_session import FOREACH, FOREACH_STEPS, foreach_pool

if TYPE_CHECKING:
    from nuvopipe_testing.one_flow import OneFlow
    from tests.fixture_types import MakeFlow


@pytest.mark.parametrize(
    ("remaining", "item_ms", "lanes", "start_ms", "is_measured", "expected"),
    [
        (98, 30, 2, 2_000, False, 0),  # quick items, cold containers
        (40, 30, 2, 2_500, True, 0),
        (98, 30, 2, 60, True, 47),  # the same with warm ones
        (14, 60_000, 2, 2_000, False, 14),  # each long item is worth a lane
        (14, 2_000, 2, 2_000, False, 2),  # twice as many at each look
        (12, 3_000, 4, 2_500, True, 4),
        (1, 3_000, 4, 2_500, True, 1),  # no more lanes than there is work for
        (1_000, 200, 1, 2_500, True, 1),
        (0, 200, 4, 60, True, 0),
        (10, 200, 4, 0, True, 10),
    ],
)
def test_so_many_lanes_pay(remaining: int, item_ms: int, lanes: int, start_ms: int, is_measured: bool, expected: int) -> None:
    assert lanes_to_add(remaining, item_ms, lanes, start_ms, is_measured) == expected


def test_start_up_times_are_forgotten() -> None:
    pace = Pace()
    assert pace.start_ms(5) is None
    pace.remember(60, 1_000)
    assert pace.start_ms(1_000 + REMEMBERED_FOR_MS - 1) == 60
    assert pace.start_ms(1_000 + REMEMBERED_FOR_MS) is None


def grown(platform: MakeFlow, items: int, lanes: int, item_s: int) -> tuple[list[int], OneFlow]:
    """Number of launched lanes after each component in charge of the missing ones."""
    p = platform(FOREACH % items, FOREACH_STEPS, foreach_pool(lanes), start="start", end="end", outputs=["squares"])
    p.container.pace = Pace()
    seen = []

    def after(number: int, envelope: dict[str, Any]) -> None:
        p.clock.sleep(item_s)
        if "grow" in envelope:
            seen.append(p.launches)

    p.after = after
    p.invoke()
    assert p.result()["outputs"] == {"squares": [item**2 for item in range(items)]}
    return seen, p


def test_a_fork_begins_with_two_lanes_and_widens_where_items_are_long(platform: MakeFlow) -> None:
    seen, p = grown(platform, 24, 8, item_s=5)
    assert seen[0] == 1
    assert max(seen) == 7
    assert p.launches == 7


def test_it_stays_narrow_where_all_is_done_before_a_lane_starts(platform: MakeFlow) -> None:
    p = platform(FOREACH % 12, FOREACH_STEPS, foreach_pool(8), start="start", end="end", outputs=["squares"])
    p.container.pace = Pace()
    p.clock = StandingClock(time.time())
    taken = []
    p.launch = lambda flow, envelope: taken.append(envelope) or True  # and not started yet
    first = {"run": "r1", "block": p.plan.block("start"), "step": "start", "at": [], "home": True, "params": {}}
    p.run_session(dict(first, answerWithin=0))
    assert p.result()["status"] == "succeeded"
    assert len(taken) == 1
