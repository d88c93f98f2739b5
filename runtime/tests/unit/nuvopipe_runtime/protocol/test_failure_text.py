"""The text of a failure may be anything: error, traceback and log survive it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from nuvopipe_runtime.text import encodable
from tests.unit.nuvopipe_runtime.protocol.test_failures import FLOW, PLAN
from tests.unit.nuvopipe_runtime.protocol.test_session import LINEAR_STEPS

pytestmark = pytest.mark.slow

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fixture_types import MakeFlow


@pytest.fixture
def fail(platform: MakeFlow) -> Callable[[str], tuple[dict[str, Any], str]]:
    """(answer, the step's stderr) of a run whose step fails as the code says."""

    def run(how: str) -> tuple[Any, Any]:
        p = platform(FLOW, LINEAR_STEPS, **PLAN)
        answer = p.invoke(how=how)
        return answer, p.store.get("F/r1/start/t/0.task_stderr.log")[0].decode()

    return run


def test_undecodable_characters_do_not_replace_the_error(fail: Callable[[str], tuple[dict[str, Any], str]]) -> None:
    answer, stderr = fail(r"raise ValueError('cannot read caf\udce9.csv')")
    assert answer["error"]["message"].startswith(r"ValueError: cannot read caf\udce9.csv")
    assert encodable(answer) is answer
    assert "Traceback (most recent call last):" in stderr
    assert r"ValueError: cannot read caf\udce9.csv" in stderr


def test_what_a_step_prints_may_be_undecodable(fail: Callable[[str], tuple[dict[str, Any], str]]) -> None:
    how = r"print('caf\udce9'); sys.stderr.write('\ud800 \udce9\n'); sys.stdout.buffer.write(b'\xff'); raise KeyError(1)"
    answer, stderr = fail(how)
    assert answer["error"]["message"] == "KeyError: 1"
    assert r"]\ud800 \udce9" in stderr


@pytest.mark.parametrize("text", ["'x' * 20_000_000", r"'x\n' * 1_000_000"])
def test_a_huge_text_leaves_the_traceback(fail: Callable[[str], tuple[dict[str, Any], str]], text: str) -> None:
    answer, stderr = fail(f"raise ValueError({text} + 'the end')")
    assert answer["error"]["message"].startswith("ValueError: x")
    assert "Traceback (most recent call last):" in stderr and "ValueError: x" in stderr and "the end\n" in stderr
    assert "left out ...]" in stderr and len(stderr) < 20_000_000


def test_the_traceback_is_in_the_log_of_a_step_that_has_redirected_or_flooded_its_output(
    fail: Callable[[str], tuple[dict[str, Any], str]],
) -> None:
    how = "sys.stderr = open(os.devnull, 'w'); raise ValueError('the real reason')"
    _, stderr = fail(how)
    assert "ValueError: the real reason" in stderr
    how = "for i in range(150_000): print('line', i, 'y' * 90, file=sys.stderr)\nraise ValueError('the real reason')"
    _, stderr = fail(how)
    assert "]line 0 y" in stderr and "left out ...]" in stderr and "ValueError: the real reason" in stderr


@pytest.mark.parametrize("stream", ["None", "open(os.devnull, 'w')", "type('Tee', (), {'write': lambda self, text: None})()"])
def test_the_error_survives_whatever_the_step_makes_of_its_streams(
    fail: Callable[[str], tuple[dict[str, Any], str]], stream: str
) -> None:
    answer, stderr = fail(f"sys.stdout = sys.stderr = {stream}; raise ValueError('the real reason')")
    assert answer["error"]["message"].startswith("ValueError: the real reason")
    assert "Traceback" in stderr and "ValueError: the real reason" in stderr
