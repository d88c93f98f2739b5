"""The model of the conductor plays the traces that `test/compile/conductor-traces.test.ts` records from compiled conductors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from nuvopipe_testing import conductor as model
from nuvopipe_testing.conductor import Call, Conductor, Pause, Refused, Step

FOLDER = Path(__file__).resolve().parents[4] / "schemas/golden/conductor"
TRACES = sorted(FOLDER.glob("*.json"))

NEW_RUN = "20240506070809-f00dface"
SEALED = "<sealed>"


def expanded(value: Any) -> Any:
    """A value with its long texts written out."""
    if isinstance(value, list):
        return [expanded(each) for each in value]
    if isinstance(value, dict):
        if "repeat" in value:
            text, times = value["repeat"]
            return text * times
        return {key: expanded(each) for key, each in value.items()}
    return value


def invoked(component: Any) -> tuple[Any, Any] | None | None:
    """A component as a trace has it: what it invokes, and with what."""
    match component:
        case Step(profile, envelope):
            return profile, envelope
        case Pause(ms):
            return "wait", {"wait": ms}
        case Call(action, arguments):
            return action, arguments


def conductor_of(trace: dict[str, Any]) -> Any:
    known = trace["conductor"]
    return Conductor(**{**known, "stand_ins": tuple(known["stand_ins"])})


def play(trace: dict[str, Any]) -> tuple[Any, Any, Any]:
    """`(components as they were invoked, number of those refused, answer)`."""
    conductor = conductor_of(trace)
    seal = (lambda params: SEALED) if trace["flow"] == "secrets" else None
    session = conductor.session(conductor.enter(trace["given"], lambda: NEW_RUN, seal))
    answers = [expanded(each["answers"]) for each in trace["components"] for _ in range(each.get("times", 1))]
    seen, refused, answer = [], 0, None
    try:
        while True:
            component = session.send(answer)
            if isinstance(component, Refused):
                refused, answer = refused + 1, None
            else:
                seen.append(invoked(component))
                answer = answers[len(seen) - 1]
    except StopIteration as end:
        return seen, refused, model.answer_of(end.value)


def recorded(trace: dict[str, Any]) -> tuple[Any, Any, Any]:
    """The same of the real conductor."""
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
}
BROKEN_METHODS = {
    "enter": lambda self, given, new_run, seal=None: {"run": given.get("run"), "block": self.start_block, "step": self.start},
    "stand_in": lambda self, envelope: None,
    "block": lambda self, envelope: next(iter(self.blocks.items())),
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
    except (IndexError, KeyError, AttributeError):
        return True  # it invokes more than the trace answers, or cannot go on
