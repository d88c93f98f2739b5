from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING, Any

import pytest

from nuvopipe_runtime.plan import Plan
from nuvopipe_testing.cases import Cases
from nuvopipe_testing.mocks import for_attempt
from tests.plans import plan_of

if TYPE_CHECKING:
    from collections.abc import Iterator


FLOW = """
import metaflow


def _run_start(self):
    self.items = [1, 2]


def _run_each(self):
    self.double = self.input * 2


def _run_collect(self, inputs):
    self.doubles = [item.double for item in inputs]
    self.not_a_number = float("nan")


class F(metaflow.FlowSpec):
    base = metaflow.Parameter("base", type=int, default=1)

    @metaflow.step
    def start(self):
        _run_start(self)
        self.next(self.each, foreach="items")

    @metaflow.timeout(seconds=20)
    @metaflow.step
    def each(self):
        _run_each(self)
        self.next(self.collect)

    @metaflow.step
    def collect(self, inputs):
        _run_collect(self, inputs)
        self.next(self.end)

    @metaflow.step
    def end(self):
        pass


if __name__ == "__main__":
    F()
"""

PLAN = plan_of(
    {
        "start": {"next": {"open": "start"}},
        "each": {"within": ["start"], "next": {"done": "start"}},
        "collect": {"joins": "start", "next": {"step": "end"}},
        "end": {"next": {"end": True}},
    },
    parameters={"base": {"type": "integer", "default": 1, "required": False}},
    pools={
        "start": {
            "kind": "foreach",
            "over": "items",
            "first": ["each"],
            "last": ["each"],
            "join": "collect",
            "concurrency": 2,
        }
    },
)


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp("flow")
    (folder / "flow.py").write_text(textwrap.dedent(FLOW))
    (folder / "plan.json").write_text(json.dumps(PLAN))
    (folder / "flow.yaml").touch()
    made = Cases(Plan(str(folder)), {})
    yield made
    made.close()


def run(cases: Cases, mocks: Any = None, parameters: Any = None, artifacts: Any = None) -> Any:
    case = {"mocks": mocks or {}, "parameters": parameters or {}, "secrets": {}, "artifacts": artifacts or {}}
    return cases.run(case)


def values(outcome: Any, step: str, name: str) -> list[Any]:
    return [task["values"].get(name) for task in outcome["artifacts"][step]]


def test_a_case_without_mocks_runs_the_flow(cases: Cases) -> None:
    outcome = run(cases, artifacts={"each": ["double"], "collect": ["doubles", "not_a_number", "other"]})
    assert outcome["status"] == "succeeded"
    assert [attempt["step"] for attempt in outcome["attempts"]] == ["start", "each", "each", "collect", "end"]
    assert values(outcome, "each", "double") == [2, 4]
    assert outcome["artifacts"]["collect"] == [
        {"at": [], "values": {"doubles": [2, 4], "not_a_number": "NaN"}, "unreadable": {}}
    ]


def test_a_mock_sets_artifacts_of_any_step(cases: Cases) -> None:
    mocks = {"start": {"set": {"items": ["a", "b", "c"]}}, "collect": {"set": {"doubles": "none"}}}
    outcome = run(cases, mocks, artifacts={"each": ["double"], "collect": ["doubles"]})
    assert values(outcome, "each", "double") == ["aa", "bb", "cc"]
    assert values(outcome, "collect", "doubles") == ["none"]


def test_no_mock_outlives_its_case(cases: Cases) -> None:
    run(cases, {"each": {"set": {"double": 0}}})
    assert values(run(cases, artifacts={"collect": ["doubles"]}), "collect", "doubles") == [[2, 4]]


def test_a_mock_runs_python(cases: Cases) -> None:
    mocks = {
        "each": {"run": "self.double = {self.input}"},
        "collect": {"run": "self.doubles = sum(len(i.double) for i in inputs)"},
    }
    assert values(run(cases, mocks, artifacts={"collect": ["doubles"]}), "collect", "doubles") == [2]


def test_each_item_has_its_mock(cases: Cases) -> None:
    mocks = {"each": {"each": [{"set": {"double": "first"}}, None]}}
    assert values(run(cases, mocks, artifacts={"collect": ["doubles"]}), "collect", "doubles") == [["first", 4]]


def test_a_mock_fails(cases: Cases) -> None:
    outcome = run(cases, {"each": {"error": "ConnectionError", "message": "refused"}})
    assert (outcome["status"], outcome["error"]["step"]) == ("failed", "each")
    assert outcome["error"]["message"] == "ConnectionError: refused"
    assert outcome["log"] == ""


def test_an_error_may_be_of_a_module(cases: Cases) -> None:
    outcome = run(cases, {"start": {"error": "json.decoder.JSONDecodeError"}})
    assert outcome["problem"]["step"] == "start"
    assert outcome["problem"]["message"].startswith("json.decoder.JSONDecodeError cannot be made from a message alone")
    outcome = run(cases, {"start": {"error": "subprocess.SubprocessError", "message": "x"}})
    assert outcome["error"]["message"] == "SubprocessError: x"


def test_a_mock_takes_too_long_without_waiting(cases: Cases) -> None:
    outcome = run(cases, {"each": {"timeout": True}})
    assert outcome["error"]["message"].startswith("each took longer than")
    assert outcome["ms"] < 10_000


@pytest.mark.parametrize(
    "mock, message",
    [
        ({"error": "NoSuchError"}, "there is no exception NoSuchError"),
        ({"error": "json.loads"}, "json.loads is not an exception"),
        ({"each": [{"set": {}}]}, '"each" has 1 mock, but none for item 1, counted from 0'),
    ],
)
def test_an_invalid_mock_is_reported(cases: Cases, mock: dict[str, Any], message: str) -> None:
    assert run(cases, {"each": mock}) == {"problem": {"step": "each", "message": message}}


def test_after_its_times_a_mock_does_the_rest() -> None:
    mock = {"error": "E", "message": "m", "times": 2, "set": {"a": 1}}
    assert [for_attempt(mock, attempt) for attempt in range(3)] == [
        {"error": "E", "message": "m"},
        {"error": "E", "message": "m"},
        {"set": {"a": 1}},
    ]
    assert for_attempt({"timeout": True, "times": 1}, 1) == {}
    assert for_attempt({"error": "E"}, 9) == {"error": "E"}


def test_parameters_are_checked_as_in_a_run(cases: Cases) -> None:
    outcome = run(cases, parameters={"base": "many"})
    assert (outcome["status"], outcome["attempts"]) == ("failed", [])
    assert outcome["error"]["message"] == 'the parameter "base" must be a whole number, not "many"'
