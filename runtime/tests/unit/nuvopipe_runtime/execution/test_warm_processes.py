"""A container's process never ends silently: the step fails with the reason, and the activation's log has the traceback."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from nuvopipe_runtime.execution import lifetime
from nuvopipe_runtime.execution.warm_processes import WarmGone, WarmProcesses
from nuvopipe_runtime.plan import Plan
from tests.fixture_types import MakeFlow

FLOW = """
    import os, signal, subprocess, sys, time
    from metaflow import FlowSpec, Parameter, step


    class F(FlowSpec):
        do = Parameter("do", default="")

        @step
        def start(self):
            exec(self.do)
            self.next(self.end)

        @step
        def end(self):
            pass

    if __name__ == "__main__":
        F()
    """
STEPS = {"start": {"next": {"step": "end"}}, "end": {"next": {"end": True}}}
PLAN = {"start": "start", "end": "end", "parameters": {"do": {"type": "string", "required": False}}}


@pytest.fixture
def processes(platform: MakeFlow) -> Iterator[WarmProcesses]:
    """Processes of a flow, not started yet."""
    made = WarmProcesses(platform(FLOW, STEPS, **PLAN).plan)
    yield made
    made.close()


@pytest.fixture
def environment() -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "METAFLOW_DATASTORE_SYSROOT_S3": "s3://bucket/root", "METAFLOW_USER": "tester"}


def ready(processes: WarmProcesses, environment: dict[str, str]) -> int:
    """Makes a warm process ready; returns its process ID."""
    return processes.ready_for(None, environment, {}, time.time() + 60)._pid


def wait_for_end(pid: int) -> None:
    """Polls until a process has ended or is a zombie."""
    until = time.time() + 20
    while time.time() < until:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return
        if state == "Z":
            return
        time.sleep(0.01)
    raise AssertionError(f"process {pid} lives on")


def test_a_process_that_fails_says_why_to_supervisor_and_log(capfd: pytest.CaptureFixture[str]) -> None:
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        lifetime.run_to_end(lambda: 1 / 0, theirs)
    theirs.close()
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 1
    assert json.loads(ours.makefile("rb").read()) == {"ended": "ZeroDivisionError: division by zero"}
    ours.close()
    log = capfd.readouterr().err
    assert log.startswith("Traceback (most recent call last):\n")
    assert log.endswith("ZeroDivisionError: division by zero\n")


def test_a_process_whose_supervisor_is_gone_ends_quietly(capfd: pytest.CaptureFixture[str]) -> None:
    ours, theirs = socket.socketpair()
    ours.close()
    pid = os.fork()
    if pid == 0:
        lifetime.run_to_end(lambda: lifetime.say(theirs, {"ready": True}), theirs)
    theirs.close()
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert capfd.readouterr().err == ""


def test_a_loader_that_cannot_start_says_why(
    processes: WarmProcesses, environment: dict[str, str], capfd: pytest.CaptureFixture[str]
) -> None:
    processes.LOADER = "no_such_module"
    with pytest.raises(WarmGone, match=r"^the step's Python process ended: .*No module named no_such_module$"):
        ready(processes, environment)
    assert "No module named no_such_module" in capfd.readouterr().err


def test_a_loader_that_fails_says_why(
    processes: WarmProcesses, environment: dict[str, str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "plan.json").write_text("{")
    with pytest.raises(WarmGone, match="the step's Python process ended: JSONDecodeError: Expecting property name"):
        ready(processes, environment)
    assert "Traceback (most recent call last):\n" in capfd.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV])
def test_a_loader_that_a_signal_ended_is_replaced_and_reported(
    processes: WarmProcesses, environment: dict[str, str], capfd: pytest.CaptureFixture[str], number: signal.Signals
) -> None:
    warm = ready(processes, environment)
    (loader,) = processes._loaders.values()
    os.kill(loader._pid, number)
    wait_for_end(loader._pid)
    wait_for_end(warm)
    ready(processes, environment)
    assert f"nuvopipe: the step's Python process ended: signal {number.name}" in capfd.readouterr().err


def test_a_warm_process_that_fails_says_why(
    processes: WarmProcesses, environment: dict[str, str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    ready(processes, environment)
    shutil.rmtree(tmp_path)
    with pytest.raises(WarmGone, match="the step's Python process ended: FileNotFoundError: .*No such file or directory"):
        processes.ready_for("start", environment, {"OTHER": "variables"}, time.time() + 60)
    assert "in serve\n    os.chdir(plan.directory)" in capfd.readouterr().err


def test_a_warm_process_that_failed_between_two_tasks_is_replaced_and_reported(
    processes: WarmProcesses, environment: dict[str, str], capfd: pytest.CaptureFixture[str]
) -> None:
    pid = ready(processes, environment)
    os.kill(pid, signal.SIGBUS)
    wait_for_end(pid)
    assert ready(processes, environment) != pid
    assert "nuvopipe: the step's Python process ended: signal SIGBUS" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (signal.SIGKILL, "the step's process was ended by signal SIGKILL"),
        (signal.SIGABRT, "the step's Python process ended: signal SIGABRT"),
    ],
)
def test_a_step_that_ends_its_warm_process_fails_with_the_signal(
    platform: MakeFlow, number: signal.Signals, message: str
) -> None:
    p = platform(FLOW, STEPS, **PLAN)
    # A process that outlives the step must not keep the supervisor waiting for the end of the warm process.
    do = f"subprocess.Popen(['sleep', '30'], start_new_session=True, close_fds=False); os.kill(os.getppid(), {int(number)})"
    started = time.time()
    answer = p.invoke(do=f"{do}; time.sleep(30)")
    assert time.time() - started < 20
    assert answer["error"]["message"].startswith(message)


def test_a_plan_and_its_processes_close_twice(platform: MakeFlow) -> None:
    processes = WarmProcesses(Plan(platform(FLOW, STEPS, **PLAN).plan.directory))
    processes.close()
    processes.close()
