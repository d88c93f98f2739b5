"""The sweeper over an in-memory store: what it finds, what it invokes, and how many requests it makes."""

from __future__ import annotations

from typing import Any

from obstore.store import MemoryStore

from nuvopipe_runtime.contract.layout import LIVE_PREFIX, RunLayout
from nuvopipe_runtime.store import Store, to_json
from nuvopipe_runtime.sweeper import NEVER_BEGUN_AFTER_MS, Sweeper
from nuvopipe_testing.clocks import SkippingClock

PAST = -1_000
FUTURE = 60_000


class Namespace:
    def __init__(self) -> None:
        self.store = Store(MemoryStore(), "prefix", "s3://bucket/prefix")
        self.clock = SkippingClock()
        self.started = []
        self.refusals = {}

    def run(self, flow: Any, run: str, expires: Any = None, over: bool = False, begun: bool = True, **more: Any) -> None:
        """Stores a run. If it has a lease, which expires in `expires` ms, it also gets an entry in the index."""
        layout = RunLayout(flow, run)
        if begun:
            self.store.put(layout.run, to_json({"flow": flow, "run": run, "start": "begin", **more}))
        if over:
            self.store.put(layout.result, to_json({"run": run, "status": "succeeded"}))
        if expires is not None:
            entry = {"by": "a", "expires": self.clock.now_ms() + expires, "envelope": {"step": "begin"}}
            self.store.put(layout.live, to_json(entry))

    def start(self, flow: Any, arguments: dict[str, Any]) -> Any:
        refusal = self.refusals.get(flow)
        if refusal is None:
            self.started.append((flow, arguments["nuvopipe"]))
        return refusal

    def sweep(self, time_s: int = 50) -> Any:
        self.store.requests = 0
        return Sweeper(self.store, self.start, self.clock, self.clock.now() + time_s).sweep()


def test_a_look_costs_one_request_however_many_old_runs_there_are() -> None:
    n = Namespace()
    for number in range(2_000):
        n.run("OldFlow", f"r{number}", over=True)
    assert n.sweep() == {"live": 0, "swept": [], "waiting": [], "refused": {}, "removed": []}
    assert n.store.requests <= 1
    n.run("NewFlow", "r1", FUTURE)
    assert n.sweep()["live"] == 1
    assert n.store.requests == 2
    assert n.started == []


def test_a_run_whose_lease_has_run_out_is_given_to_its_flow() -> None:
    n = Namespace()
    n.run("F", "alive", FUTURE)
    n.run("F", "lost", PAST)
    n.run("G", "longer", PAST - 5_000)
    report = n.sweep()
    assert report == {"live": 3, "swept": ["G/longer", "F/lost"], "waiting": [], "refused": {}, "removed": []}
    envelope = {"block": "begin", "step": "begin", "at": [], "sweep": True}
    assert n.started == [("G", {"run": "longer", **envelope}), ("F", {"run": "lost", **envelope})]


def test_a_refused_run_waits_for_the_next_sweep() -> None:
    n = Namespace()
    for number in range(20):
        n.run("F", f"r{number:02}", PAST - 100 + number)
    n.refusals["F"] = "later"
    report = n.sweep()
    assert report["swept"] == [] and len(report["waiting"]) == 20
    n.refusals.clear()
    assert len(n.sweep()["swept"]) == 20


def test_a_sweep_that_has_no_time_left_leaves_the_rest() -> None:
    n = Namespace()
    n.run("F", "r", PAST)
    assert n.sweep(time_s=-1)["waiting"] == ["F/r"]


def test_a_missing_flow_is_reported_and_the_others_continue() -> None:
    n = Namespace()
    n.run("Gone", "r1", PAST - 1)
    n.run("F", "r2", PAST)
    n.refusals["Gone"] = "there is no such flow in this namespace"
    report = n.sweep()
    assert report["refused"] == {"Gone/r1": "there is no such flow in this namespace"}
    assert report["swept"] == ["F/r2"]


def test_entries_of_what_is_over_or_never_began_are_removed() -> None:
    n = Namespace()
    n.run("F", "over", PAST, over=True)
    n.run("F", "young", PAST, begun=False)
    n.run("F", "never", -NEVER_BEGUN_AFTER_MS - 1, begun=False)
    report = n.sweep()
    assert report["removed"] == ["F/never", "F/over"]
    assert n.started == []
    assert n.store.list(LIVE_PREFIX) == [RunLayout("F", "young").live]
    assert report["live"] == 1


def test_an_invalid_record_is_left_alone_and_reported() -> None:
    n = Namespace()
    n.run("F", "lost", PAST)
    garbage = {"a": b"not JSON", "b": b"[]", "c": b'"text"', "d": b"{}", "e": b'{"expires": "soon"}', "f": b'{"expires": NaN'}
    for name, content in garbage.items():
        n.store.put(RunLayout("F", name).live, content)
    n.run("F", "g", PAST, begun=False)
    n.store.put(RunLayout("F", "g").run, b"{}")
    n.run("F", "h", PAST, begun=False)
    n.store.put(RunLayout("F", "h").run, b"\xff")
    report = n.sweep()
    assert report["swept"] == ["F/lost"]
    assert report["unreadable"] == sorted(
        [RunLayout("F", name).live for name in garbage] + [RunLayout("F", name).run for name in "gh"]
    )


def test_runs_of_another_version_are_named_and_left_alone() -> None:
    n = Namespace()
    n.run("F", "lost", PAST)
    n.run("F", "later", PAST)
    n.run("F", "entry", PAST)
    n.store.put(RunLayout("F", "later").run, to_json({"version": 2, "start": "begin"}))
    n.store.put(RunLayout("F", "entry").live, to_json({"version": 2, "until": 1}))
    report = n.sweep()
    assert report["swept"] == ["F/lost"]
    assert report["otherVersion"] == sorted([RunLayout("F", "later").run, RunLayout("F", "entry").live])
    assert "unreadable" not in report


def test_a_lost_run_is_given_to_its_own_version_and_to_its_flow_where_that_is_gone() -> None:
    n = Namespace()
    n.run("F", "lost", PAST, bundle="1" * 64)
    n.run("G", "lost", PAST, bundle="2" * 64)
    n.refusals["G.steps/flow-22222222"] = "there is no such flow in this namespace"
    assert n.sweep()["swept"] == ["F/lost", "G/lost"]
    assert sorted(name for name, _ in n.started) == ["F.steps/flow-11111111", "G"]
