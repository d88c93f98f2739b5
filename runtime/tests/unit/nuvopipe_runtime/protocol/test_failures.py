"""Whatever a step does to its process, the task fails with its log, and the container continues."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from nuvopipe_runtime.contract.layout import LIVE_PREFIX
from tests.unit.nuvopipe_runtime.protocol.test_session import LINEAR_STEPS

if TYPE_CHECKING:
    from tests.fixture_types import MakeFlow


FLOW = """
    import os, signal, sys, time, threading
    from metaflow import FlowSpec, Parameter, step

    class F(FlowSpec):
        how = Parameter("how", default="")

        @step
        def start(self):
            print("before")
            exec(self.how)
            self.next(self.end)

        @step
        def end(self):
            pass

    if __name__ == "__main__":
        F()
    """
PLAN = {
    "start": "start",
    "end": "end",
    "parameters": {"how": {"type": "string", "default": "", "required": False}},
}


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("raise ValueError('boom')", "ValueError: boom"),
        ("sys.exit(3)", "exit(3)"),
        ("os._exit(0)", "exit code 0 and without a result"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "SIGSEGV"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "SIGKILL"),
        ("os.kill(os.getppid(), signal.SIGKILL); time.sleep(60)", "SIGKILL"),
        ("self.lock = threading.Lock()", "lock"),
        ("time.sleep(60)", "time limit of 0.5 s"),
        ("from metaflow import Flow; Flow('Another')", "mock this step, or test it with `platform: true`"),
        ("os.close(1); os.close(2); print(1)", "Bad file descriptor"),
    ],
)
def test_a_failed_task_and_a_living_container(platform: MakeFlow, how: str, message: str) -> None:
    steps = {**LINEAR_STEPS, "start": {**LINEAR_STEPS["start"], "timeoutMs": 500}} if "sleep" in how else LINEAR_STEPS
    p = platform(FLOW, steps, **PLAN)
    answer = p.invoke(how=how)
    assert answer["status"] == "failed"
    assert message in answer["error"]["message"]
    assert answer["error"]["step"] == "start"
    assert p.result() == answer
    if "close" not in how:
        assert b"]before\n" in p.store.get("F/r1/start/t/0.task_stdout.log")[0]
        assert p.store.get("F/r1/start/t/0.task_stderr.log")
    assert p.invoke(run="r2")["status"] == "succeeded"


def test_an_activation_that_answered_nothing(platform: MakeFlow) -> None:
    """The conductor re-enters the step with the error: the task fails, and the run with it."""
    p = platform(FLOW, LINEAR_STEPS, **PLAN)
    lost = []

    def after(number: int, envelope: dict[str, Any]) -> str | None | None:
        if envelope.get("step") == "end" and not lost:
            lost.append(dict(envelope, died="killed"))
            return "drop"

    p.before = after
    p.invoke()
    answer = p.run_session(lost[0])
    assert answer["error"] == {"message": "the step's activation failed: killed", "step": "end", "task": "F/r1/end/t"}
    assert p.result() == answer
    assert b"killed" in p.store.get("F/r1/end/t/0.task_stderr.log")[0]
    assert p.store.get("F/r1/end/t/0.DONE.lock") is None


def test_a_grandchild_that_keeps_the_output_open_is_not_waited_for(platform: MakeFlow) -> None:
    p = platform(FLOW, LINEAR_STEPS, **PLAN)
    assert p.invoke(how="import subprocess; subprocess.Popen(['sleep', '60'])")["status"] == "succeeded"


def test_a_flow_that_cannot_be_loaded_says_why(platform: MakeFlow) -> None:
    p = platform("import nothing_of_this_name\n", LINEAR_STEPS, **PLAN)
    answer = p.invoke(how="")
    assert answer["error"]["message"] == "ModuleNotFoundError: No module named 'nothing_of_this_name'"
    assert p.result() == answer


def test_bad_parameters_leave_a_failed_run(platform: MakeFlow) -> None:
    plan = {**PLAN, "parameters": {"how": {"type": "string", "required": True}, "n": {"type": "integer", "required": False}}}
    p = platform(FLOW, LINEAR_STEPS, **plan)
    first = {"run": "r1", "block": p.plan.block("start"), "step": "start", "at": [], "home": True}
    answer = p.run_session({**first, "params": {"n": "x", "m": 1}})
    assert answer["status"] == "failed"
    for part in ('no parameter "m"', '"how" is missing', '"n" must be a whole number'):
        assert part in answer["error"]["message"]
    assert {key.rsplit("/", 1)[1] for key in p.keys("")} == {"run.json", "failed", "result.json"}
    assert p.result() == answer
    assert p.store.list(LIVE_PREFIX) == []
    again = p.run_session({**first, "params": {"how": ""}})
    assert again["status"] == "failed" and "exists already" in again["error"]["message"]


def test_random_numbers_differ_between_tasks(platform: MakeFlow) -> None:
    flow = FLOW.replace("exec(self.how)", "import random; self.a = random.random()").replace(
        "            pass", "            import random; self.same = self.a == random.random()"
    )
    p = platform(flow, LINEAR_STEPS, **PLAN, outputs=["same"])
    assert p.invoke()["outputs"] == {"same": False}
