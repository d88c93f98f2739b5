from __future__ import annotations

import re
from typing import Any

import pytest
from obstore.store import MemoryStore

from nuvopipe_runtime.execution.live_log import PAUSE_MAX_S, PAUSE_MIN_S, LiveLog
from nuvopipe_runtime.execution.logs import LogStream
from nuvopipe_runtime.store import Store


class Step:
    """A step that writes, and a clock."""

    def __init__(self) -> None:
        self.store = Store(MemoryStore(), "", "s3://bucket/root")
        self.now = 100.0
        self.live = LiveLog(self.store, "logs/", now=lambda: self.now)
        self.streams = {name: LogStream() for name in ("stdout", "stderr")}

    def works(self, seconds: float, stdout: bytes = b"", stderr: bytes = b"") -> dict[str, Any]:
        """Looks every second, which is the shortest interval. Returns the parts that exist afterwards."""
        for _ in range(int(seconds)):
            self.streams["stdout"].feed(stdout)
            self.streams["stderr"].feed(stderr)
            self.now += 1
            self.live.look(self.streams)
            self.live._wait()
        return self.parts()

    def parts(self) -> dict[str, Any]:
        return {key: re.findall(rb"\](.*)\n", self.store.get(key)[0]) for key in sorted(self.store.list("logs/"))}


@pytest.fixture
def step() -> Step:
    return Step()


def test_a_quick_step_writes_none(step: Step) -> None:
    step.works(PAUSE_MIN_S - 1, b"a\n")
    assert step.store.requests == 0


def test_parts_have_what_is_new(step: Step) -> None:
    step.works(3, b"a\n", b"e\n")
    step.works(6)
    assert step.works(3, b"b\n") == {
        "logs/00000.stdout": [b"a"] * 3,
        "logs/00001.stderr": [b"e"] * 3,
        "logs/00002.stdout": [b"b"] * 3,
    }


def test_there_are_fewer_of_them_the_longer_a_step_takes(step: Step) -> None:
    counts = [len(step.works(seconds, b"x\n")) for seconds in (60, 240, 3300)]
    assert counts[0] <= 60 / PAUSE_MIN_S and counts[1] <= 60
    assert counts[2] <= counts[1] + 3300 / PAUSE_MAX_S + 1


def test_they_go_when_the_whole_log_is_there(step: Step) -> None:
    assert step.works(9, b"a\n")
    step.live.remove()
    assert step.parts() == {}


def test_they_keep_the_end_of_a_log_that_nobody_else_writes(step: Step) -> None:
    step.works(4, b"a\n")
    step.streams["stdout"].finish()
    step.live.keep(step.streams)
    assert step.parts() == {"logs/00000.stdout": [b"a"] * 3, "logs/00001.stdout": [b"a"]}


def test_a_store_that_fails_harms_no_step(step: Step) -> None:
    step.store.put = lambda *_: 1 / 0
    step.works(9, b"a\n")
    step.live.remove()
    assert step.parts() == {}
