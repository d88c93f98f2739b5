"""Attempts: which failures are repeated, how often, and within which common time limit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from nuvopipe_runtime.contract.layout import RunLayout
from nuvopipe_runtime.contract.protocol import EXCEPTION_KINDS_MAX
from nuvopipe_runtime.protocol.calls import call_rules
from tests.unit.nuvopipe_runtime.protocol.test_reasons import STEPS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nuvopipe_testing.one_flow import OneFlow
    from tests.fixture_types import MakeFlow


FLOW = """
    import metaflow, time
    from metaflow import FlowSpec, Parameter, catch, current, retry, step

    def _with_ask(self):
        return {}

    def _invoke(step, action, arguments):
        raise RuntimeError("not here")

    _start_flow = _invoke

    class F(FlowSpec):
        fails = Parameter("fails", default=0)
        how = Parameter("how", default="")

        @step
        def start(self):
            self.next(self.ask)

        @catch(var="problem")
        @retry(times=4, minutes_between_retries=0)
        @step
        def ask(self):
            self.number = current.retry_count
            print("attempt", self.number)
            exec(self.how)
            if current.retry_count < self.fails:
                raise ConnectionError("not yet")
            self.next(self.end)

        @step
        def end(self):
            self.number = getattr(self, "number", None)
            self.caught = str(self.problem and self.problem.exception)

    if __name__ == "__main__":
        F()
    """
PARAMETERS = {
    "fails": {"type": "integer", "default": 0, "required": False},
    "how": {"type": "string", "default": "", "required": False},
}


@pytest.fixture
def repeated(platform: MakeFlow) -> Callable[..., Any]:
    """Returns `repeated(retry, **ask)` for a flow whose step `ask` can be repeated."""

    def make(times: int, within_ms: int | None = None, on: Sequence[Any] = (), backoff_ms: int = 0, **ask: Any) -> OneFlow:
        retry = {"times": times, "backoffMs": backoff_ms, "factor": 1, "maxMs": 600_000, "jitter": 0, "on": list(on)}
        retry |= {} if within_ms is None else {"withinMs": within_ms}
        steps = {**STEPS, "ask": {"next": {"step": "end"}, "retry": retry, **ask}}
        return platform(FLOW, steps, start="start", end="end", outputs=["number", "caught"], parameters=PARAMETERS)

    return make


def tried(p: OneFlow) -> list[int]:
    """Numbers of the attempts made."""
    records = [p.store.get_json(key) for key in p.keys("tasks/ask/")]
    return sorted(record["attempt"] for record in records)


def test_more_attempts_than_metaflow_has(repeated: Callable[..., OneFlow]) -> None:
    p = repeated(9, catches=True)
    assert p.invoke(fails=8)["outputs"] == {"number": 8, "caught": "None"}
    assert tried(p) == list(range(9))
    # Metaflow's client looks for six attempts, so the last one appears as the sixth.
    files = {key.rsplit("/", 1)[1] for key in p.store.list("F/r1/ask/t/")}
    done = {name for name in files if "task_" not in name}
    assert done == {f"{number}.attempt.json" for number in range(6)} | {
        f"{number}-failed.attempt.json" for number in range(5, 8)
    } | {"5.data.json", "5.DONE.lock"}
    logs = {name: p.store.get("F/r1/ask/t/" + name)[0] for name in files if name.endswith("stdout.log")}
    assert b"attempt 8\n" in logs["5.task_stdout.log"] and b"attempt 5\n" in logs["5-failed.task_stdout.log"]


def test_the_failure_of_the_last_of_many_is_caught(repeated: Callable[..., OneFlow]) -> None:
    assert repeated(7, catches=True).invoke(fails=99)["outputs"]["caught"] == "not yet"
    p = repeated(7, catches=True)
    assert "exit code 3" in p.invoke(how="import os; os._exit(3)")["outputs"]["caught"]
    assert tried(p) == list(range(9))


def test_no_attempt_begins_after_the_time_for_all_of_them(repeated: Callable[..., OneFlow]) -> None:
    p = repeated(9, within_ms=100_000, backoff_ms=30_000)
    answer = p.invoke(fails=99)
    assert answer["error"]["message"].startswith("ConnectionError: not yet")
    assert tried(p) == [0, 1, 2, 3]


def test_and_catch_takes_the_last_failure_then(repeated: Callable[..., OneFlow]) -> None:
    p = repeated(9, within_ms=100_000, backoff_ms=30_000, catches=True)
    assert "ConnectionError: not yet" in p.invoke(fails=99)["outputs"]["caught"]


def test_an_attempt_is_ended_with_the_time_for_all_of_them(repeated: Callable[..., OneFlow]) -> None:
    p = repeated(9, within_ms=1_000, timeoutMs=20_000)
    answer = p.invoke(how="time.sleep(60)")
    assert answer["error"]["message"] == "the step was ended: its attempts may take 1 s in total"
    assert tried(p) == [0]


def test_so_is_a_flow_that_is_waited_for(repeated: Callable[..., OneFlow]) -> None:
    p = repeated(9, within_ms=50_000, call={"flow": "Other", "detach": False})
    began = p.clock.now()

    def start(flow: str, arguments: dict[str, Any]) -> None:
        if "run" in arguments:
            p.store.create(RunLayout(flow, arguments["run"]).run, b'{"created":%d}' % p.clock.now_ms())

    p.start = start
    p.invoke()
    assert p.result()["error"]["message"].startswith("the step was ended: its attempts may take 50 s in total")
    assert 50 <= p.clock.now() - began < 55


@pytest.mark.parametrize(
    ("error", "on", "attempts"),
    [
        ("The action exceeded its time limits of 1000 milliseconds.", "timeout", 3),
        ("The action exceeded its time limits of 1000 milliseconds.", "crash", 1),
        ("The action did not produce a valid response and exited unexpectedly.", "crash", 3),
        ("The action exhausted its memory and was aborted.", "crash", 3),
        ({"error": "An error has occurred: TypeError: no"}, "TypeError", 3),
        ("requests.exceptions.ConnectionError: refused", "ConnectionError", 3),
        ({"name": "QuotaError", "message": "none left"}, "QuotaError", 3),
        ({"name": "QuotaError", "message": "none left"}, "ActionError", 3),
        ("quota exceeded", "ConnectionError", 1),
        ("quota exceeded", "timeout", 1),
    ],
)
def test_the_failure_of_an_action_has_a_kind(
    repeated: Callable[..., OneFlow], error: str | dict[str, Any], on: str, attempts: int
) -> None:
    p = repeated(2, on=[on], call={"action": "flaky"})
    p.answer = lambda envelope, arguments: {"error": error}
    assert p.invoke()["status"] == "failed"
    assert tried(p) == list(range(attempts))


@pytest.mark.parametrize(("on", "attempts"), [("LookupError", 3), ("ActionError", 3), ("ValueError", 1), ("timeout", 1)])
def test_the_failure_of_a_flow_has_that_of_its_task(repeated: Callable[..., OneFlow], on: str, attempts: int) -> None:
    p = repeated(2, on=[on], call={"flow": "Other", "detach": False})
    p.store.put(RunLayout("Other", "o1").commit("work", "t"), b'{"kinds":["KeyError","builtins.KeyError","LookupError"]}')
    failure = {"message": "KeyError: 7", "step": "work", "task": "Other/o1/work/t"}
    p.result_of = lambda envelope, arguments: {"status": "failed", "error": failure}
    assert p.invoke()["status"] == "failed"
    assert tried(p) == list(range(attempts))


def test_an_error_of_an_action_is_named_by_its_beginning_alone() -> None:
    assert call_rules.kinds_of({"error": "it is no ValueError: really"}) == ["ActionError"]
    assert call_rules.kinds_of({"error": {"code": 7, "message": "x"}}) == ["ActionError"]


def test_kinds_of_a_failure_are_kept_and_bounded(repeated: Callable[..., OneFlow]) -> None:
    p = repeated(1)
    p.invoke(fails=9)
    kinds = p.store.get_json(p.keys("ask/t/failed-0")[0])["kinds"]
    assert kinds[0] == "ConnectionError" and "OSError" in kinds and len(kinds) <= EXCEPTION_KINDS_MAX
