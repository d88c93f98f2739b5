"""The user's own modules, which lie beside `flow.py`. Only tasks import them, after their environment is set.

Whatever a module sets up when it is imported (random generators, connections, threads, values from the environment) belongs to
the task that imports it, as under `python flow.py run`.
"""

from __future__ import annotations

import ast
import importlib
import os
import sys
import types
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec

OURS = frozenset(["__main__", "flow", "metaflow", "metaflow_extensions", "nuvopipe_runtime", "nuvopipe_testing"])
"""Modules that are never imported from the flow's folder."""


class UserCode:
    def __init__(self, directory: str) -> None:
        """`directory` is the folder of `flow.py`."""
        self.directory = directory
        self._specs: dict[str, ModuleSpec | None] = {}
        self._shadowed: list[str] = []

    def owns(self, name: str) -> bool:
        """Whether the module with this dotted name, or its package, is the user's."""
        return self._spec(name.partition(".")[0]) is not None

    def file_of(self, name: str) -> str | None:
        """The source file of a user's module; None for a package without one, and if the module does not exist."""
        spec = self._spec(name.partition(".")[0])
        for part in range(name.count(".")):
            places = spec.submodule_search_locations if spec else None
            spec = PathFinder.find_spec(".".join(name.split(".")[: part + 2]), places) if places else None
        return spec.origin if spec and spec.origin and spec.origin.endswith(".py") else None

    def import_later(self, tree: ast.Module, module: types.ModuleType) -> dict[str, str]:
        """Replaces the imports of the user's modules in `flow.py` by stand-ins in `module`, its namespace.

        Returns module names by their alias in `flow.py`.
        """
        later: dict[str, str] = {}
        kept: list[ast.stmt] = []
        for node in tree.body:
            if isinstance(node, ast.Import) and len(node.names) == 1 and self.owns(node.names[0].name):
                name = node.names[0].name
                alias = node.names[0].asname or name
                later[alias] = name
                setattr(module, alias, Later(name, module, alias))
            else:
                kept.append(node)
        tree.body = kept
        return later

    def look_for_shadowed(self) -> None:
        """Finds imported libraries that have the same name as a user's module, which Python would find first."""
        loaded = {name.partition(".")[0] for name in sys.modules}
        self._shadowed = [name for name in loaded - OURS - sys.stdlib_module_names if self.owns(name)]

    def enter(self, directory: str) -> None:
        """Makes this process, a task, import the user's modules from this copy of the code from now on."""
        for shadowed in self._shadowed:
            for name in [name for name in sys.modules if name == shadowed or name.startswith(shadowed + ".")]:
                del sys.modules[name]
        sys.path[:] = [directory, *(path for path in sys.path if path != self.directory)]

    def _spec(self, top: str) -> ModuleSpec | None:
        """The spec of a top-level module or package if Python finds it here first, else None."""
        if top not in self._specs:
            spec = PathFinder.find_spec(top, [self.directory]) if top not in OURS else None
            if spec is not None and spec.origin is None:
                # A folder without __init__.py gives way to any module with its name.
                elsewhere = PathFinder.find_spec(top, [path for path in sys.path if path != self.directory])
                spec = spec if elsewhere is None or elsewhere.origin is None else None
            self._specs[top] = spec
        return self._specs[top]


class Later(types.ModuleType):
    """Stands for a user's module in `flow.py`; imports it when a step first uses it."""

    def __init__(self, name: str, flow: types.ModuleType, alias: str) -> None:
        super().__init__(name)
        vars(self).update(_flow=flow, _alias=alias)

    def __getattr__(self, name: str) -> Any:
        module = importlib.import_module(self.__name__)
        setattr(self._flow, self._alias, module)
        return getattr(module, name)


def is_users(filename: str, directory: str) -> bool:
    """Whether a frame of a traceback is in the user's code."""
    return filename.startswith(directory + os.sep) and os.path.basename(filename) != "flow.py"
