"""`catch` and `onFailure` receive the reason of a failure, whatever it is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from nuvopipe_runtime.contract.protocol import EXACT_PARAMETERS

if TYPE_CHECKING:
    from collections.abc import Callable

    from nuvopipe_testing.one_flow import OneFlow
    from tests.fixture_types import MakeFlow


FLOW = """
    import os, signal, sys, time
    import metaflow
    from metaflow import FlowSpec, Parameter, catch, step

    def _with_ask(self):
        return {}

    def _with_tell(self):
        return {"text": f"it failed: {self.failure['message']}", "raw": self.failure}

    def _invoke(step, action, arguments):
        raise RuntimeError("not here")

    _start_flow = _invoke

    class F(FlowSpec):
        how = Parameter("how", default="")

        @step
        def start(self):
            self.next(self.ask)

        @catch(var="problem")
        @step
        def ask(self):
            if self.how:
                exec(self.how)
            else:
                self.answer = _invoke("ask", "other", {})
            self.next(self.end)

        @step
        def end(self):
            self.caught = [self.problem.type.split(".")[-1], self.problem.exception]

        def tell(self):
            self.told = _invoke("tell", "notify", _with_tell(self))

        def tell_more(self):
            assert self.failure["step"] == "ask"

    if __name__ == "__main__":
        F()
    """
STEPS = {
    "start": {"next": {"step": "ask"}},
    "ask": {"next": {"step": "end"}, "catches": True},
    "end": {"next": {"end": True}},
}
HANDLERS = {"tell": {"next": {"step": "tell_more"}}, "tell_more": {"next": {"handled": True}}}


@pytest.fixture
def reasoned(platform: MakeFlow) -> Callable[..., OneFlow]:
    """Returns `reasoned(**ask)` for a flow that catches failures of its step `ask`."""

    def make(steps: dict[str, Any] | None = None, more: Any = None, **ask: Any) -> OneFlow:
        steps = {**STEPS, **(steps or {})}
        parameters = {"how": {"type": "string", "default": "", "required": False}}
        plan = {"start": "start", "end": "end", "outputs": ["caught"], "parameters": parameters, **(more or {})}
        return platform(FLOW, {**steps, "ask": {**steps["ask"], **ask}}, **plan)

    return make


def caught(p: OneFlow, **params: Any) -> Any:
    answer = p.invoke(**params)
    assert answer["status"] == "succeeded", answer
    return answer["outputs"]["caught"]


@pytest.mark.slow
@pytest.mark.parametrize("retry", [{}, {"retry": {"times": 1, "backoffMs": 0, "factor": 1, "maxMs": 0, "jitter": 0, "on": []}}])
@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ("os._exit(3)", "exit code 3"),
        ("sys.exit(3)", "exit code 3"),
        ("sys.exit('so it is')", "exit code 1: it called exit('so it is')"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "SIGSEGV"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "SIGKILL"),
        ("signal.signal(signal.SIGALRM, signal.SIG_IGN); time.sleep(60)", "time limit of 0.5 s"),
        ("import threading; self.lock = threading.Lock()", "lock"),
    ],
)
def test_catch_receives_how_a_process_ended(
    reasoned: Callable[..., OneFlow], how: str, reason: str, retry: dict[str, Any]
) -> None:
    p = reasoned(timeoutMs=500, **retry) if "sleep" in how else reasoned(**retry)
    kind, message = caught(p, how=how)
    assert kind == "FailureHandledByCatch"
    assert reason in message and "Your code" not in message
    assert message == p.store.get_json(p.keys("ask/t/failed-0")[0])["error"]


def test_catch_receives_that_memory_ran_out(reasoned: Callable[..., OneFlow]) -> None:
    assert caught(reasoned(), how="bytearray(1 << 60)") == ["MemoryError", "out of memory"]


def test_catch_receives_the_error_of_an_action(reasoned: Callable[..., OneFlow]) -> None:
    p = reasoned(call={"action": "flaky"})
    p.answer = lambda envelope, arguments: {"error": {"error": "An error has occurred: Error: out of paper"}}
    assert caught(p) == ["FailureHandledByCatch", "An error has occurred: Error: out of paper"]


def test_catch_receives_how_a_flow_ended(reasoned: Callable[..., OneFlow]) -> None:
    p = reasoned(call={"flow": "Other", "detach": False})
    p.result_of = lambda envelope, arguments: {"status": "failed", "error": {"message": "ValueError: negative: -1"}}
    assert caught(p)[1].startswith("the flow Other failed: ValueError: negative: -1")
    p = reasoned(call={"flow": "Missing", "detach": False})
    p.start = lambda flow, arguments: "there is no such flow in this namespace"
    assert "there is no such flow" in caught(p)[1]


def test_catch_receives_that_a_container_was_lost(reasoned: Callable[..., OneFlow]) -> None:
    p = reasoned()

    def lose(number: int, envelope: dict[str, Any]) -> str | None | None:
        if envelope.get("step") == "ask" and not envelope.get("attempt"):
            p.launch(p.flow, dict(envelope, died="The action exhausted its memory and was aborted."))
            return "drop"

    p.before = lambda number, envelope: None if "died" in envelope else lose(number, envelope)
    p.invoke(how="pass")
    assert "exhausted its memory" in p.result()["outputs"]["caught"][1]


@pytest.mark.parametrize("call", [{"action": "notify"}, {"flow": "Notify", "detach": False}])
def test_on_failure_knows_the_failure_from_its_first_step_on(reasoned: Callable[..., OneFlow], call: dict[str, Any]) -> None:
    steps = {**HANDLERS, "ask": {"next": {"step": "end"}}, "tell": {**HANDLERS["tell"], "call": call}}
    p = reasoned(steps, {"onFailure": "tell"})
    asked = []

    def answer(envelope: dict[str, Any], arguments: dict[str, Any]) -> dict[str, Any]:
        asked.append(arguments)
        return {"result": {}}

    def result_of(envelope: dict[str, Any], arguments: dict[str, Any]) -> dict[str, Any]:
        return {"status": "succeeded", "outputs": answer(envelope, arguments)["result"]}

    p.answer, p.result_of = answer, result_of
    p.invoke(how="os._exit(7)")
    result = p.result()
    assert result["onFailure"] == {"status": "succeeded"}
    told = json.loads(asked[0][EXACT_PARAMETERS]) if EXACT_PARAMETERS in asked[0] else asked[0]
    assert told["text"] == "it failed: the step's process ended with exit code 7 and without a result"
    assert told["raw"] == result["error"]
