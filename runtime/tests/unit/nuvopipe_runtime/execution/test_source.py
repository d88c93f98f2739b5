"""Tracebacks name the flow file and its lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.unit.nuvopipe_runtime.protocol.test_session import LINEAR_PLAN, LINEAR_STEPS

if TYPE_CHECKING:
    from tests.fixture_types import MakeFlow


FLOW = """
    from metaflow import FlowSpec, Parameter, step


    def _run_start(self):
        self.x = 1
        def inner():
            return self.x / 0
        inner()


    class F(FlowSpec):
        n = Parameter("n", type=int, default=1)

        @step
        def start(self):
            _run_start(self)
            self.next(self.end)

        @step
        def end(self):
            self.y = 1

    if __name__ == "__main__":
        F()
    """
SOURCE = """flow: F
steps:
  - step: start
    run: |
      self.x = 1
      def inner():
          return self.x / 0
      inner()
  - step: end
    run: self.y = 1
"""


def test_a_traceback_speaks_of_the_flow_file(platform: MakeFlow) -> None:
    ranges = {"_run_start": {"line": 6, "sourceLine": 5, "lines": 4}}
    p = platform(FLOW, LINEAR_STEPS, **{**LINEAR_PLAN, "sourceMap": ranges})
    with open(p.plan.directory + "/flow.yaml", "w") as file:
        file.write(SOURCE)
    answer = p.invoke()
    assert answer["error"]["message"] == "ZeroDivisionError: division by zero (flow.yaml:7)"
    log = p.store.get("F/r1/start/t/0.task_stderr.log")[0].decode()
    lines = [line.split("]", 1)[1] for line in log.splitlines()]
    assert lines == [
        "<flow F step start> failed:",
        "Traceback (most recent call last):",
        '  File "flow.yaml", line 8, in _run_start',
        "    inner()",
        '  File "flow.yaml", line 7, in inner',
        "    return self.x / 0",
        "           ~~~~~~~^~~",
        "ZeroDivisionError: division by zero",
    ]


def test_a_flow_that_cannot_be_loaded_fails_the_run_and_says_where(platform: MakeFlow) -> None:
    p = platform("import nowhere_to_be_found\n", LINEAR_STEPS, **LINEAR_PLAN)
    answer = p.invoke()
    assert answer["status"] == "failed"
    assert "No module named 'nowhere_to_be_found'" in answer["error"]["message"]


def test_lines_that_do_not_follow_one_another(platform: MakeFlow) -> None:
    """In folded or quoted text, the source map has a place for each line."""
    ranges = {"_run_start": {"line": 6, "sourceLine": 5, "lines": 4, "sourceLines": [5, 9, 11, 12]}}
    p = platform(FLOW, LINEAR_STEPS, **{**LINEAR_PLAN, "sourceMap": ranges})
    assert p.invoke()["error"]["message"] == "ZeroDivisionError: division by zero (flow.yaml:11)"
