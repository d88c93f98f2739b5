from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any

import pytest
from metaflow.graph import FlowGraph

from nuvopipe_runtime.execution.metaflow_patches import visit_steps_once

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


NESTED = """
from metaflow import FlowSpec, step

class F(FlowSpec):
    @step
    def start(self):
        self.next(self.left, self.right)

    @step
    def left(self):
        self.next(self.each, foreach="items")

    @step
    def each(self):
        self.next({"one": self.one, "two": self.two, "no": self.after}, condition="kind")

    @step
    def one(self):
        self.next(self.after)

    @step
    def two(self):
        self.next({"again": self.two, "on": self.after}, condition="kind")

    @step
    def after(self):
        self.next(self.gather)

    @step
    def gather(self, inputs):
        self.next(self.meet)

    @step
    def right(self):
        self.next(self.meet)

    @step
    def meet(self, inputs):
        self.next(self.choose)

    @step
    def choose(self):
        self.next({"a": self.last, "b": self.end}, condition="kind")

    @step
    def last(self):
        self.next(self.end)

    @step
    def end(self):
        pass
"""

STEP = "    @step\n    def {}(self):\n        self.next({})\n\n"


@pytest.fixture
def load(tmp_path: Path) -> Callable[..., Any]:
    def load(text: str) -> Any:
        file = tmp_path / f"flow{len(list(tmp_path.iterdir()))}.py"
        file.write_text(text)
        spec = importlib.util.spec_from_file_location(file.stem, file)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module.F._graph

    return load


@pytest.fixture
def patched(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    def patch() -> None:
        for name in ("_traverse_graph", "output_steps"):
            monkeypatch.setattr(FlowGraph, name, getattr(FlowGraph, name))  # put back afterwards
        visit_steps_once()

    return patch


def facts(graph: Any) -> dict[str, Any]:
    names = ("in_funcs", "out_funcs", "split_parents", "split_branches", "matching_join", "is_inside_foreach", "type")
    return {node.name: [getattr(node, name) for name in names] for node in graph}


def without_files(told: tuple[dict[str, Any], list[Any]]) -> tuple[dict[str, Any], list[Any]]:
    steps, structure = told
    return {name: {**step, "source_file": None} for name, step in steps.items()}, structure


def test_it_answers_like_metaflow(load: Callable[[str], Any], patched: Callable[[], None]) -> None:
    original = load(NESTED)
    wanted, drawn = facts(original), original.output_steps()
    patched()
    graph = load(NESTED)
    assert facts(graph) == wanted
    assert without_files(graph.output_steps()) == without_files(drawn)
    places = {name: index for index, name in enumerate(graph.sorted_nodes)}
    assert len(places) == len(wanted)
    assert all(places[before] < places[name] for name in places for before in graph[name].in_funcs if before != name)


def chain(switches: int) -> str:
    parts = ["from metaflow import FlowSpec, step\n\nclass F(FlowSpec):\n", STEP.format("start", "self.s0")]
    for n in range(switches):
        following = f"self.s{n + 1}" if n + 1 < switches else "self.end"
        parts.append(STEP.format(f"s{n}", f'{{"a": self.a{n}, "b": self.b{n}, "no": {following}}}, condition="kind"'))
        parts += [STEP.format(f"{option}{n}", following) for option in "ab"]
    return "".join([*parts, "    @step\n    def end(self):\n        pass\n"])


def test_every_step_is_visited_and_drawn_once_however_many_paths_there_are(
    load: Callable[[str], Any], patched: Callable[[], None]
) -> None:
    patched()
    graph = load(chain(60))
    assert graph["s59"].in_funcs == ["a58", "b58", "s58"]
    steps, structure = graph.output_steps()
    assert steps["a7"]["next"] == ["s8"] and steps["s7"]["next"] == ["a7", "b7", "s8"]

    def flat(part: str) -> list[Any]:
        return [name for each in part for name in (flat(each) if isinstance(each, list) else [each])]

    assert sorted(flat(structure)) == sorted(node.name for node in graph)


LOOP = "from metaflow import FlowSpec, step\n\nclass F(FlowSpec):\n" + "".join(
    [
        STEP.format("start", "self.first"),
        STEP.format("first", "self.second"),
        STEP.format("second", '{"turn": self.first, "done": self.end}, condition="kind"'),
        "    @step\n    def end(self):\n        pass\n",
    ]
)


def test_a_loop_of_several_steps_is_drawn_without_its_turns(load: Callable[[str], Any], patched: Callable[[], None]) -> None:
    patched()
    graph = load(LOOP)
    steps, structure = graph.output_steps()
    assert steps["second"]["next"] == ["first", "end"]
    assert structure == ["start", "first", "second", [[]], "end"]
    assert graph["first"].in_funcs == ["start"]
