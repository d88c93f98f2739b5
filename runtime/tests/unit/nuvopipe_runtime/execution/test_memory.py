from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

import pytest

from nuvopipe_runtime.execution.execute import how_it_ended
from nuvopipe_runtime.execution.memory import oom_kills

if TYPE_CHECKING:
    from pathlib import Path


def test_the_kernel_counts_what_it_has_killed(tmp_path: Path) -> None:
    (tmp_path / "v2").write_text("low 0\nhigh 0\nmax 12\noom 1\noom_kill 3\noom_group_kill 0\n")
    (tmp_path / "v1").write_text("oom_kill_disable 0\nunder_oom 0\noom_kill 2\n")
    assert oom_kills([tmp_path / "none", tmp_path / "v2"]) == 3
    assert oom_kills([tmp_path / "v1"]) == 2
    assert oom_kills([tmp_path / "none"]) is None


@pytest.mark.parametrize(
    ("status", "before", "after", "message"),
    [
        (signal.SIGKILL, 1, 2, "the step ran out of memory: its process was ended by signal SIGKILL"),
        (signal.SIGKILL, 1, 1, "the step's process was ended by signal SIGKILL"),
        (signal.SIGKILL, None, None, "the step's process was ended by signal SIGKILL, perhaps out of memory"),
        (signal.SIGSEGV, None, None, "the step's process was ended by signal SIGSEGV"),
        (3 << 8, None, None, "the step's process ended with exit code 3 and without a result"),
    ],
)
def test_the_end_of_a_process_is_described(status: Any, before: int | None, after: int | None, message: str) -> None:
    assert how_it_ended(status, before, after) == message
