from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from flow_helpers import interpolate
from flow_helpers.beside import _beside
from flow_helpers.call import _call
from flow_helpers.collect import _collect
from flow_helpers.failures import _failures
from flow_helpers.invoke import _invoke
from flow_helpers.items import _check_items, _is_list
from flow_helpers.keep import _is_equal, _keep
from flow_helpers.make_items import _make_items
from flow_helpers.merge import _merge
from flow_helpers.pause import _pause
from flow_helpers.pick import _pick
from flow_helpers.set_artifacts import _set_artifacts
from flow_helpers.start_flow import _start_flow
from flow_helpers.turn import _turn
from flow_helpers.why_missing import _why_missing

if TYPE_CHECKING:
    pass


class Datastore(dict):
    """Hashes of artifacts by name, and facts about each."""

    def __init__(self, hashes: Any = (), info: Any = ()) -> None:
        super().__init__(hashes)
        self._info = dict(info)
        self.passed = {}

    def __bool__(self) -> bool:
        return True

    def passdown_partial(self, origin: Datastore, names: list[str]) -> None:
        self.passed.update({name: dict.__getitem__(origin, name) for name in names})


class Flow:
    _current_step = "body"

    def __init__(self, hashes: Any = (), info: Any = (), **artifacts: Any) -> None:
        self.__dict__.update(artifacts)
        self._datastore = Datastore(hashes, info)


def values(**by_name: Any) -> dict[str, Any]:
    return {name: {"type": str(type(value)), "size": 10} for name, value in by_name.items()}


def test_the_list_of_a_foreach() -> None:
    assert _check_items(Flow(xs=[1]), "s", "xs") is True
    assert _check_items(Flow(xs=[]), "s", "xs", may_be_empty=True) is False
    with pytest.raises(ValueError, match="empty list"):
        _check_items(Flow(xs=[]), "s", "xs")
    with pytest.raises(TypeError, match="is None"):
        _check_items(Flow(xs=None), "s", "xs")
    with pytest.raises(AttributeError, match="there is no such artifact"):
        _check_items(Flow(), "s", "xs")


@pytest.mark.parametrize(("items", "expected"), [([], True), (range(2), True), ("text", False), ({}, False), (b"", False)])
def test_a_foreach_accepts_lists_and_the_like(items: int, expected: bool) -> None:
    assert _is_list(items) is expected


def test_an_array_is_a_list_and_a_table_is_not() -> None:
    assert _is_list(SimpleNamespace(ndim=1))
    assert not _is_list(SimpleNamespace(ndim=2, columns=[]))


def test_items_of_an_expression() -> None:
    assert _make_items("s", (n for n in (1, 2))) == [1, 2]
    for wrong in ("text", 3, None):
        with pytest.raises(TypeError):
            _make_items("s", wrong)


def test_a_switch_distinguishes_true_from_one() -> None:
    assert _pick("s", True, {"one": 1, "yes": True}) == "yes"
    assert _pick("s", 1, {"yes": True, "one": 1}) == "one"
    assert _pick("s", 2, {"one": 1}, "other") == "other"
    with pytest.raises(ValueError, match="no case for 2"):
        _pick("s", 2, {"one": 1})


def test_a_loop_ends_after_its_greatest_number_of_turns() -> None:
    flow = Flow()
    assert [_turn(flow, "loop", True, 3) for _ in range(3)] == ["turn", "turn", "done"]
    assert flow._turns == {}
    assert _turn(flow, "loop", False, 3) == "done"


def test_a_pause_keeps_the_case() -> None:
    assert [_pause(0, case) for case in ("turn", "done")] == ["turn", "done"]


def test_artifacts_in_a_text_are_written_as_json() -> None:
    assert interpolate._text("a ", [1, None], " ", "b", True) == "a [1, null] btrue"
    assert interpolate._artifact(Flow(x=1), "s", "x") == 1
    with pytest.raises(AttributeError, match="step s: there is no artifact or parameter"):
        interpolate._artifact(Flow(), "s", "x")


def test_a_function_gets_artifacts_by_name_and_its_result_becomes_artifacts() -> None:
    def function(x: Any, /, y: Any, z: int = 3, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return {"sum": x + y + z}

    flow = Flow(x=1, y=2)
    _call(flow, "s", "m:function", function)
    assert flow.sum == 6
    with pytest.raises(TypeError, match='needs "y"'):
        _call(Flow(x=1), "s", "m:function", function)


@pytest.mark.parametrize("result", [None, 3, {"_hidden": 1}, {"_datastore": 1}, {3: 1}, {"no name": 1}])
def test_a_result_that_cannot_become_artifacts(result: int | dict[str, Any] | None) -> None:
    with pytest.raises(TypeError):
        _set_artifacts(Flow(), "s", "m:function", result)


def test_a_join_keeps_what_its_inputs_agree_on_and_explains_the_rest() -> None:
    one = Flow({"same": "h1", "other": "h2"}, values(same=1, other=1))
    two = Flow({"same": "h1", "other": "h3"}, values(same=1, other=1))
    flow = Flow()
    assert _keep(flow, [one, two], "join") == ["other"]
    assert flow._datastore.passed == {"same": "h1"}
    assert "items 0 and 1 have different values" in _why_missing(flow, "other")
    assert _why_missing(flow, "same") is None
    with pytest.raises(ValueError, match='different values of "other"'):
        _merge(Flow(), [one, two], "join")


def test_the_order_of_sets_alone_makes_no_difference() -> None:
    assert _is_equal({"a": {1, 2}}, {"a": {2, 1}})
    assert not _is_equal([1], [True])
    assert not _is_equal((1, 2), (1, 3))


def test_a_join_collects_artifacts_in_lists() -> None:
    flow = Flow()
    _collect(flow, [Flow(x=1), Flow(x=2)], "join", ["x"])
    assert flow.x == [1, 2]
    with pytest.raises(AttributeError, match="1 of its inputs"):
        _collect(flow, [Flow(x=1), Flow()], "join", ["x"])


def test_without_nuvopipe_there_are_no_failures_actions_or_flows() -> None:
    assert _failures() == []
    for function in (_invoke, _start_flow):
        with pytest.raises(RuntimeError, match="only runs with nuvopipe"):
            function("s", "name", {})


def test_a_file_beside_the_flow() -> None:
    assert _beside("data.csv").endswith("/flow_helpers/data.csv")
