from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from nuvopipe_runtime.execution.protect import give_up_spying, hide_memory

if TYPE_CHECKING:
    from collections.abc import Callable


pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="/proc, prctl")


def in_fork(child: Callable[..., Any]) -> str:
    """What `child` raises, as text; empty when it does not."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            child()
        except BaseException as error:
            os.write(writing, f"{type(error).__name__}: {error}".encode())
        os._exit(0)
    os.close(writing)
    with open(reading, "rb") as answer:
        text = answer.read().decode()
    os.waitpid(pid, 0)
    return text


def test_a_child_cannot_read_its_hidden_parent_even_as_root() -> None:
    def supervisor() -> None:
        hide_memory()

        def task() -> None:
            give_up_spying()
            parent = f"/proc/{os.getppid()}"
            for name in ("environ", "mem"):
                with pytest.raises(PermissionError):
                    open(f"{parent}/{name}", "rb").read(1)
            done = subprocess.run(["cat", f"{parent}/environ"], capture_output=True, check=False)
            assert done.returncode != 0, "a program that root executes has root's capabilities again"
            os.listdir("/proc/self/fd")

        assert in_fork(task) == ""

    assert in_fork(supervisor) == ""
