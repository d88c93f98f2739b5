"""The model of the conductor plays traces recorded from compiled conductors by `test/compiler/conductor-traces.test.ts`."""

from __future__ import annotations

import json
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest

from nuvopipe_testing import conductor as model
from nuvopipe_testing.conductor import Call, Conductor, Launch, Pause, Refused, Step

FOLDER = Path(__file__).resolve().parents[4] / "schemas/golden/conductor"
TRACES = sorted(FOLDER.glob("*.json"))

NEW_RUN = "20240506070809-f00dface"
SEALED = "<sealed>"


def expanded(value: Any) -> Any:
    """Returns a value with its abbreviated texts expanded."""
    if isinstance(value, list):
        return [expanded(each) for each in value]
    if isinstance(value, dict):
        if "repeat" in value:
            text, times = value["repeat"]
            return text * times
        return {key: expanded(each) for key, each in value.items()}
    return value


NOW_MS = 1714979289010
"""The time at which the traces were recorded."""


def invoked(component: Any) -> tuple[Any, Any] | None:
    """Returns a component as in a trace: what it invokes, and with which arguments."""
    match component:
        case Step(profile, envelope):
            return profile, envelope
        case Pause(ms):
            return "wait", {"wait": ms}
        case Call(action, arguments):
            return action, arguments


def conductor_of(trace: dict[str, Any]) -> Any:
    known = trace["conductor"]
    return Conductor(**{**known, "stand_ins": tuple(known["stand_ins"]), "flows": tuple(known["flows"])})


def play(trace: dict[str, Any]) -> tuple[Any, Any, Any]:
    """Returns `(invocations, number of refused components, answer)`."""
    conductor = conductor_of(trace)
    seal = (lambda params: SEALED) if trace["flow"] == "secrets" else None
    session = conductor.session(conductor.enter(trace["given"], lambda: NEW_RUN, seal))
    answers = [expanded(each["answers"]) for each in trace["components"] for _ in range(each.get("times", 1))]
    seen: list[Any] = []
    refused, answer = 0, None
    refusals: list[str | None] = []

    def refusal_of(session: tuple[str | None, Any]) -> str | None:
        action, arguments = session
        seen.append((action or f"{conductor.flow}.steps/flow-{conductor.version}", arguments))
        refusals.append(refusal(**answers.pop(0)))
        return refusals[-1]

    try:
        while True:
            component = session.send(answer)
            match component:
                case Refused():
                    refused, answer = refused + 1, None
                case Launch():
                    taken = list(takewhile(lambda each: refusal_of(each) is None, component.sessions))
                    is_refused = len(taken) < len(component.sessions)
                    answer = {"taken": len(taken), "now": NOW_MS, **({"refusal": refusals[-1]} if is_refused else {})}
                    for each in component.also:
                        refusal_of(each)
                case _:
                    seen.append(invoked(component))
                    answer = answers.pop(0)
    except StopIteration as end:
        return seen, refused, model.answer_of(end.value)


def refusal(status: int, error: str = "") -> str | None:
    """Returns why OpenWhisk refuses an invocation; None if it accepts it."""
    if status in (200, 202):
        return None
    if status == 429:
        return "crowded" if "concurrent requests" in error else "busy"
    if status == 503:
        return "crowded"
    return "there is no such flow in this namespace" if status == 404 else f"HTTP {status}"


def recorded(trace: dict[str, Any]) -> tuple[Any, Any, Any]:
    """Returns the same for the real conductor."""
    seen = [(each["invokes"], expanded(each["with"])) for each in trace["components"] for _ in range(each.get("times", 1))]
    return seen, trace.get("refused", 0), trace["answer"]


@pytest.mark.parametrize("path", TRACES, ids=lambda path: path.stem)
def test_the_model_does_what_the_real_conductor_did(path: Path) -> None:
    trace = json.loads(path.read_text())
    assert play(trace) == recorded(trace), trace["expects"]


BROKEN = {
    "goes_on": lambda envelope: "step" in envelope,
    "waits": lambda envelope: False,
    "pause": lambda envelope: (envelope["wait"], {key: value for key, value in envelope.items() if key != "wait"}),
    "call": lambda envelope: (envelope["call"], envelope),
    "called": lambda saved, answer: {**saved, "answer": answer},
    "answer_of": lambda envelope: envelope.get("result"),
    "SESSION_COMPONENTS_MAX": 51,
    "launches": lambda envelope: False,
    "pause_after_refusal_ms": lambda refusal, now_ms: 60_000,
}
BROKEN_METHODS = {
    "enter": lambda self, given, new_run, seal=None: {"run": given.get("run"), "block": self.start_block, "step": self.start},
    "stand_in": lambda self, envelope: None,
    "block": lambda self, envelope: next(iter(self.blocks.items())),
    "is_flow": lambda self, action: True,
    "die": lambda self, saved, error: {**saved, "died": str(error)},
}


@pytest.mark.parametrize("name", [*BROKEN, *BROKEN_METHODS])
def test_the_traces_find_out_a_broken_transition(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    target, replacement = (model, BROKEN[name]) if name in BROKEN else (Conductor, BROKEN_METHODS[name])
    monkeypatch.setattr(target, name, replacement)
    assert any(is_different(json.loads(path.read_text())) for path in TRACES)


def is_different(trace: dict[str, Any]) -> bool:
    try:
        return play(trace) != recorded(trace)
    except (IndexError, KeyError, AttributeError, TypeError):
        return True  # it invokes more than the trace answers, or cannot continue
