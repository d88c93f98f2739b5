"""Errors of artifacts that cannot be stored or read are explained to the user."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from nuvopipe_runtime.execution.reasons import reason_of

if TYPE_CHECKING:
    from tests.fixture_types import MakeFlow


FLOW = """
    from metaflow import FlowSpec, step
    {imports}

    class F(FlowSpec):
        @step
        def start(self):
            {start}
            self.next(self.end)

        @step
        def end(self):
            {end}

    if __name__ == "__main__":
        F()
    """
STEPS = {"start": {"next": {"step": "end"}}, "end": {"next": {"end": True}}}
PLAN = {"start": "start", "end": "end"}


def error_of(platform: MakeFlow, start: str, end: str = "pass", imports: str = "") -> str:
    p = platform(FLOW.format(start=start, end=end, imports=imports), STEPS, **PLAN)
    return p.invoke()["error"]["message"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("(n for n in [])", "x is a generator, which cannot be pickled (cannot pickle 'generator' object)"),
        ("{'a': [1, {'lock': threading.Lock()}]}", "x['a'][1]['lock'] is a _thread.lock, which"),
        ("[lambda: 1]", "x[0] is a function defined inside a step; move"),
        ("(1, open('/dev/null'))", "x[1] is a _io.TextIOWrapper, which"),
    ],
)
def test_the_part_that_cannot_be_pickled_is_named(platform: MakeFlow, value: str, text: str) -> None:
    message = error_of(platform, f"self.x = {value}", imports="import threading")
    assert message.startswith(f'the artifact "x" cannot be stored: {text}')


def test_a_value_nested_too_deeply_is_said_to_be(platform: MakeFlow) -> None:
    message = error_of(platform, "x = []; [x := [x] for _ in range(100_000)]; self.x = x")
    assert message.startswith('the artifact "x" cannot be stored: it is nested too deeply')


def test_a_class_that_is_gone_is_named(platform: MakeFlow) -> None:
    made = "m = sys.modules['gone'] = types.ModuleType('gone'); exec('class C: pass', vars(m)); self.x = m.C()"
    message = error_of(platform, made, end="self.x", imports="import sys, types")
    assert message.startswith('end reads the artifact "x", a gone.C, but there is no module gone in its environment;')


def test_an_error_of_the_users_own_speaks_for_itself() -> None:
    try:
        getattr(threading.Lock(), "nothing")  # noqa: B009
    except AttributeError as error:
        assert reason_of(error, "start") is None
