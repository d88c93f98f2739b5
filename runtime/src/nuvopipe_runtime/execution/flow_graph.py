"""Metaflow's graph of a flow, for flows of any size: each step is visited once. `metaflow_patches` installs it.

Metaflow (2.19.39, `graph.py`) follows every path through a flow when it loads it, and draws a picture (`_graph_info`) of every
path through its switches. Thirty switches in a row have more than 10^9 paths.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

PATHS_DRAWN_MAX = 1_000
"""If a flow has more paths, the picture shows each step only in the first path that leads to it."""


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, TypeAlias

    from metaflow.graph import FlowGraph

    Drawing: TypeAlias = Callable[[FlowGraph], tuple[dict[str, Any], list[Any]]]


def drawing(draw: Drawing) -> Drawing:
    """Replaces Metaflow's `FlowGraph.output_steps`, also for large flows. The facts about each step stay the same."""

    def output_steps(self: FlowGraph) -> tuple[dict[str, Any], list[Any]]:
        edges = Edges(self)
        # Metaflow would follow a loop of several steps forever.
        left_out = {(name, step) for name, step in edges.back if name != step}
        if edges.paths > PATHS_DRAWN_MAX:
            left_out |= edges.across
        kept = {name: self.nodes[name].out_funcs for name, _ in left_out}
        for name, out_funcs in kept.items():
            self.nodes[name].out_funcs = [step for step in out_funcs if (name, step) not in left_out]
        try:
            steps_info, structure = draw(self)
        finally:
            for name, out_funcs in kept.items():
                self.nodes[name].out_funcs = out_funcs
        for name, out_funcs in kept.items():
            if name in steps_info:
                steps_info[name]["next"] = out_funcs
        return steps_info, structure

    return output_steps


def traverse_graph(self: FlowGraph) -> None:
    """Replaces Metaflow's `FlowGraph._traverse_graph`: a step has the same splits around it whichever path leads to it."""
    around: dict[str, tuple[list[str], list[str]]] = {self.start_step: ([], [])}
    edges = Edges(self)
    self.sorted_nodes = edges.order
    for name in edges.order:
        node = self.nodes[name]
        parents, branches = around[name]
        splits = node.type in ("split", "foreach")
        if node.type == "join":
            if parents:
                self.nodes[parents[-1]].matching_join = name
                node.split_parents, node.split_branches = parents, branches[:-1]
                parents, branches = parents[:-1], branches[:-1]
        else:
            node.split_parents, node.split_branches = parents, branches
            parents = [*parents, name] if splits else parents
        for step in node.out_funcs:
            # Metaflow does not count the start as a step on the way.
            if step in self and ((name, step) not in edges.back or step == self.start_step):
                self.nodes[step].in_funcs.add(name)
                around.setdefault(step, (parents, [*branches, step] if splits else branches))
    for node in self.nodes.values():
        node.in_funcs = sorted(node.in_funcs)


class Edges:
    """The edges between the steps that the start leads to, as pairs of names."""

    def __init__(self, graph: FlowGraph) -> None:
        self.order: list[str] = []
        """The steps in topological order, ignoring loops."""
        self.back: set[tuple[str, str]] = set()
        """Edges that close a loop: to a step on the way there, or from a step to itself."""
        self.across: set[tuple[str, str]] = set()
        """Edges to a step that another path has reached before, in the order in which Metaflow draws."""
        self.paths = 1
        """Number of paths to the end."""
        if graph.start_step in graph:
            self._walk(graph)

    def _walk(self, graph: FlowGraph) -> None:
        start: str = graph.start_step
        seen, on_path = {start}, {start}
        paths: dict[str, int] = {}
        stack = [(start, _following(graph, start))]
        found = []
        while stack:
            name, following = stack[-1]
            for step in following:
                if step in on_path:
                    self.back.add((name, step))
                elif step in seen:
                    self.across.add((name, step))
                else:
                    seen.add(step)
                    on_path.add(step)
                    stack.append((step, _following(graph, step)))
                    break
            else:
                stack.pop()
                on_path.discard(name)
                paths[name] = sum(paths.get(step, 0) for step in _following(graph, name)) or 1
                found.append(name)
        self.paths = paths[start]
        self.order = found[::-1]


def _following(graph: FlowGraph, name: str) -> Iterator[str]:
    return iter([step for step in dict.fromkeys(graph[name].out_funcs) if step in graph])
