"""Prints the graphs that Metaflow reads in compiled flows: for each folder given, a line of JSON with its steps by name."""

from __future__ import annotations

import importlib.util
import json
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import MagicMock

from metaflow import FlowSpec
from metaflow.graph import FlowGraph

if TYPE_CHECKING:
    from metaflow.graph import DAGNode


class AbsentModules:
    """Imports a stand-in for each module that is not installed: the user's code has no part in the graph."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec:
        return ModuleSpec(name, self, is_package=True)  # type: ignore[arg-type]

    def create_module(self, spec: ModuleSpec) -> MagicMock:
        return MagicMock()

    def exec_module(self, module: object) -> None:
        pass


def main(folders: list[str]) -> None:
    sys.meta_path.append(AbsentModules())  # type: ignore[arg-type]
    for folder in folders:
        flow = flow_in(Path(folder, "flow.py"))
        graph = FlowGraph(flow)
        print(json.dumps({node.name: {"isStart": node.name == graph.start_step, **facts_of(node, flow)} for node in graph}))


def flow_in(path: Path) -> type[FlowSpec]:
    spec = importlib.util.spec_from_file_location("flow", path)
    assert spec is not None and spec.loader is not None
    module = sys.modules["flow"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    flows = [value for value in vars(module).values() if isinstance(value, type) and issubclass(value, FlowSpec)]
    [flow] = [each for each in flows if each.__module__ == "flow"]
    return flow


def facts_of(node: DAGNode, flow: type[FlowSpec]) -> dict[str, Any]:
    """`MetaflowStep` of `metaflow-graph.test.ts`."""
    decorators = {decorator.name: decorator.attributes for decorator in getattr(flow, node.name).decorators}
    return {
        "type": node.type,
        "out": node.out_funcs,
        "splits": node.split_parents,
        "isJoin": node.num_args > 1,
        "foreach": node.foreach_param,
        "retry": decorators["retry"]["times"] if "retry" in decorators else None,
        "catches": "catch" in decorators,
    }


if __name__ == "__main__":
    main(sys.argv[1:])
