"""Visits every state of small runs with their possible faults, and checks that broken protocols are detected.

The sizes here take some twenty seconds. `NUVOPIPE_MODEL=large` adds searches of up to a million states (1 kB of memory
each) that take minutes. `python -m pytest runtime/tests/search -s` prints how many states each search has visited.
"""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from nuvopipe_runtime.protocol.claims import live_entry

from . import mutants
from .flows import EPOCH_MS, foreach, linear, nested
from .search import Found, Search
from .world import World

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .flows import Flow


IS_LARGE = os.environ.get("NUVOPIPE_MODEL") == "large"
KILLED = ("succeeded", "failed")
"""Steps that are not repeated fail with their container."""

CANCELLED = ("succeeded", "cancelled")
PATH_MAX = 40
"""Fails with a readable counterexample."""


@pytest.fixture(autouse=True)
def short_sweeps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes every lease one epoch long, because the search does not explore time."""
    monkeypatch.setattr(live_entry, "SWEEP_LEASE_MS", EPOCH_MS)


def is_lane(envelope: dict[str, Any]) -> Any:
    """Whether the loss of a session is noticed by the others: it is neither the first session nor a guard."""
    return bool(envelope.get("at")) and "home" not in envelope


def explore(flow: Flow, statuses: Sequence[str] = ("succeeded",), finishes: bool = True, **world: Any) -> Any:
    began = time.monotonic()
    search = Search(World(flow, **world), statuses, finishes).run()
    taken_s = time.monotonic() - began
    print(f"\n{len(search.states):>9,} states {search.transitions:>9,} transitions {taken_s:5.1f} s", end=" ")
    return search


@contextmanager
def broken(mutant: tuple[Any, str, Any]) -> Iterator[Any]:
    owner, attribute, replacement = mutant
    original = getattr(owner, attribute)
    setattr(owner, attribute, replacement)
    try:
        yield
    finally:
        setattr(owner, attribute, original)


# ---------------------------------------------------------------------- the protocol


@pytest.mark.parametrize("lanes", [1, 2])
def test_lanes_at_every_single_request(lanes: int) -> None:
    explore(foreach(2, lanes), is_coarse=False)


def test_a_run_without_pools_loses_sessions_and_answers() -> None:
    explore(linear(), faults={"drop": 2}, is_coarse=False)
    explore(linear(), faults={"drop": 1, "repeat": 1}, is_coarse=False)
    explore(linear(), faults={"slow": 2}, is_coarse=False)
    explore(linear(), faults={"start": 1, "drop": 1})
    explore(linear(), KILLED, faults={"kill": 2})
    explore(linear(), CANCELLED, faults={"cancel": 1, "drop": 1})


@pytest.mark.parametrize("fault", ["drop", "refuse", "lose", "double", "unanswered", "tired", "start"])
def test_two_lanes_and_one_fault_anywhere(fault: str) -> None:
    explore(foreach(2, 2), faults={fault: 1})


def test_a_container_is_killed_anywhere() -> None:
    explore(foreach(2, 1), KILLED, faults={"kill": 1})


def test_a_container_does_not_start_anywhere() -> None:
    explore(linear(), KILLED, faults={"broken": 1, "drop": 1})
    explore(foreach(2, 1), KILLED, faults={"broken": 1})
    explore(foreach(1, 1, retry=True), KILLED, faults={"broken": 1})


def test_a_run_is_cancelled_anywhere() -> None:
    explore(foreach(2, 2), CANCELLED, faults={"cancel": 1})


def test_a_put_is_repeated_anywhere() -> None:
    explore(foreach(2, 1), faults={"repeat": 1})


@pytest.mark.parametrize("items", [1, 2])
def test_leases_run_out_while_their_holders_are_at_work(items: int) -> None:
    """One lane with the guard and the sweeper; two lanes are among the larger sizes."""
    explore(foreach(items, 1), faults={"slow": 1})


def test_more_items_than_lanes() -> None:
    explore(foreach(3, 2))
    explore(foreach(3, 2), faults={"refuse": 1})


def test_a_failed_attempt_is_repeated() -> None:
    flow = foreach(2, 2, fails=[("body", "t-1", 0)], retry=True)
    explore(flow)
    explore(flow, sweeps=False, faults={"drop": 1}, droppable=is_lane)


def test_the_attempts_of_a_killed_container_are_repeated() -> None:
    explore(foreach(1, 1, retry=True), KILLED, faults={"kill": 1, "drop": 1})


def test_a_foreach_in_a_foreach() -> None:
    explore(nested(1, 2, 1))
    explore(nested(2, 1, 1), faults={"lose": 1})


def test_a_foreach_in_an_item_that_fails_is_given_up() -> None:
    explore(nested(2, 1, 1, fails=[("deep", "t-1-0", None)], collect=True))


def test_lost_lanes_are_replaced_without_a_sweep() -> None:
    """Another lane that finds the pool drained takes over."""
    explore(foreach(2, 2), sweeps=False, faults={"drop": 1}, droppable=is_lane)
    explore(foreach(3, 2), sweeps=False, faults={"drop": 1}, droppable=is_lane)


# The record of a failed attempt is also a commit: until the failure is recorded, the item counts as done.
def test_an_item_that_fails_ends_the_run() -> None:
    explore(foreach(2, 2, fails=[("body", "t-1", None)]), ("failed",), faults={"drop": 1})


def test_an_item_whose_container_is_killed_ends_the_run() -> None:
    explore(foreach(2, 2), KILLED, faults={"kill": 1})


def test_an_item_that_fails_is_left_out_of_the_join() -> None:
    explore(foreach(2, 2, fails=[("body", "t-1", None)], collect=True), faults={"drop": 1})


def test_an_item_that_fails_at_its_first_of_two_steps_ends_the_run() -> None:
    explore(nested(2, 1, 1, fails=[("split", "t-1", None)]), ("failed",))
    explore(nested(1, 1, 1, fails=[("split", "t-0", None)]), ("failed",), faults={"drop": 1})


@pytest.mark.parametrize("faults", [{}, {"drop": 1}, {"slow": 1}])
def test_a_store_that_looks_before_it_writes(faults: dict[str, Any]) -> None:
    """If two sessions create an object, both may learn that they succeeded, and the later object stays.

    A task may then be committed twice, a join continued twice, or the result written twice. Still no join is executed without
    all of its items, the run can finish from every state, and its result is right, provided that the attempts of a task
    either all succeed or all fail.
    """
    explore(foreach(1, 1) if "drop" in faults else foreach(2, 2) if not faults else linear(), is_racy=True, faults=faults)


if IS_LARGE:

    @pytest.mark.parametrize(
        ("flow", "statuses", "world"),
        [
            (foreach(3, 3), ("succeeded",), {}),
            (foreach(2, 2), ("succeeded",), {"faults": {"drop": 2}}),
            (foreach(2, 2), ("succeeded",), {"faults": {"drop": 1, "lose": 1}}),
            (foreach(2, 2), ("succeeded",), {"faults": {"drop": 1, "tired": 1}}),
            (foreach(2, 2), ("succeeded",), {"faults": {"lose": 1, "tired": 1}}),
            # A late holder and the session that took over may each leave the rest to the other. Then only a sweep continues.
            (foreach(2, 2), ("succeeded",), {"faults": {"slow": 1}, "sweeps": False, "finishes": False}),
            (foreach(2, 2), ("succeeded",), {"faults": {"repeat": 1}, "sweeps": False}),
            (foreach(2, 2), ("succeeded",), {"faults": {"drop": 1}, "is_coarse": False}),
            (foreach(2, 2), ("succeeded",), {"is_racy": True, "faults": {"drop": 1}}),
            (foreach(2, 2), CANCELLED, {"faults": {"cancel": 1, "drop": 1}}),
            (foreach(3, 2), ("succeeded",), {"faults": {"drop": 1}}),
            (
                nested(1, 2, 1),
                ("succeeded",),
                {"faults": {"drop": 1}, "sweeps": False, "droppable": is_lane, "finishes": False},
            ),
        ],
    )
    def test_large(flow: Flow, statuses: Sequence[str], world: dict[str, Any]) -> None:
        explore(flow, statuses, **world)


# ---------------------------------------------------------------------- broken on purpose

ONCE = "undisturbed, every attempt is executed once"
NO_TAKE_OVER = "undisturbed, nothing is taken over"
INDEX = "the index knows every run without a result"
IN_BAND = {"sweeps": False}
LOST_LANE = {"sweeps": False, "faults": {"drop": 1}, "droppable": is_lane}
REPEATED = foreach(2, 2, fails=[("body", "t-1", 0)], retry=True)


@pytest.mark.parametrize(
    ("mutant", "flow", "world", "name"),
    [
        ("NO_EXPIRY_CHECK", foreach(2, 2), IN_BAND, NO_TAKE_OVER),
        ("JOIN_WITHOUT_THE_LIST", foreach(2, 2), {}, "I2 one join"),
        ("JOIN_AS_PLAIN_PUT", foreach(2, 2), {}, ONCE),
        ("COMMIT_AS_PLAIN_PUT", linear(), {"faults": {"slow": 1}}, "I1 one result"),
        ("LAUNCH_WITHOUT_OPEN", foreach(2, 2), {}, "no session errs"),
        ("GUARD_DISMISSED_TOO_EARLY", foreach(2, 2), LOST_LANE, "I3 no lost work"),
        ("PAUSE_WITHOUT_A_LEASE", REPEATED, IN_BAND, NO_TAKE_OVER),
        ("ENTRY_DELETED_BEFORE_THE_RESULT", linear(), {}, INDEX),
    ],
)
def test_a_broken_protocol_is_found_out(mutant: str, flow: Flow, world: dict[str, Any], name: str) -> None:
    explore(flow, **world)
    with broken(getattr(mutants, mutant)), pytest.raises(Found) as found:
        explore(flow, **world)
    assert found.value.name == name
    assert len(found.value.path) <= PATH_MAX
