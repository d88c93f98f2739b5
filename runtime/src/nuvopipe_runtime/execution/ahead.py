"""The imports of a step, read from its source without executing anything.

They are the imports at the top level of the step's code and of the user's modules that it imports, transitively.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import os
import py_compile
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .user_code import UserCode


class Ahead:
    def __init__(self, code: UserCode, tree: ast.Module, flow: str, later: dict[str, str]) -> None:
        """`tree`: the flow's module, without the imports of the user's modules, which are in `later` by their alias."""
        self.code = code
        self._steps = _imports_of_steps(tree, flow, later)
        self._modules: dict[str, list[str]] = {}
        """Imports of each of the user's modules."""

    def of(self, step: str) -> tuple[list[str], list[str]]:
        """Returns (the user's modules, other modules) that a step imports, in the order of execution."""
        own: dict[str, bool] = {}
        others: dict[str, bool] = {}
        pending = self._steps.get(step, [])[::-1]
        while pending:
            name = pending.pop()
            if not self.code.owns(name):
                others[name] = True
            elif name not in own:
                own[name] = True
                pending += reversed(self._imports_of_module(name))
        return list(own), list(others)

    def compile_own(self, names: Iterable[str]) -> None:
        """Writes byte code beside the user's modules, so that tasks need not compile them."""
        for name in names:
            file = self.code.file_of(name)
            if file is None or os.path.exists(importlib.util.cache_from_source(file)):
                continue
            try:
                py_compile.compile(file, doraise=True, quiet=1)
            except (OSError, py_compile.PyCompileError):
                pass  # importing it reports the error

    def _imports_of_module(self, name: str) -> list[str]:
        if name not in self._modules:
            self._modules[name] = self._read(name)
        return self._modules[name]

    def _read(self, name: str) -> list[str]:
        file = self.code.file_of(name)
        packages = [name.rpartition(".")[0]] if "." in name else []
        if file is None:
            return packages
        try:
            with open(file, "rb") as source:
                tree = ast.parse(source.read(), file)
        except (OSError, SyntaxError, ValueError):
            return packages
        package = name if os.path.basename(file) == "__init__.py" else name.rpartition(".")[0]
        return packages + _imports(tree.body, package)


def import_name(name: str) -> object:
    """Imports `a.b`, where `b` is a submodule or an attribute of `a`."""
    parent, _, last = name.rpartition(".")
    if not parent:
        return importlib.import_module(name)
    module = import_name(parent)
    if hasattr(module, last):
        found: object = getattr(module, last)
        return found
    return importlib.import_module(name)


def is_there(name: str) -> bool:
    """Whether the top-level module of a name is installed."""
    return PathFinder.find_spec(name.partition(".")[0]) is not None


def _imports_of_steps(tree: ast.Module, flow: str, later: dict[str, str]) -> dict[str, list[str]]:
    """Returns by step the dotted names that its code imports and the user's modules that it calls."""
    functions = {node.name: _imports(node.body) for node in tree.body if isinstance(node, ast.FunctionDef)}
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == flow]
    found: dict[str, list[str]] = {}
    for method in [node for each in classes for node in each.body if isinstance(node, ast.FunctionDef)]:
        used = dict.fromkeys(node.id for node in ast.walk(method) if isinstance(node, ast.Name))
        names = [name for word in used for name in ([later[word]] if word in later else functions.get(word, ()))]
        found[method.name] = list(dict.fromkeys(names))
    return found


def _imports(statements: Sequence[ast.stmt], package: str = "") -> list[str]:
    """Dotted names that statements import, in order. `from a import b` gives `a.b`, which need not be a module."""
    names: list[str] = []
    for node in statements:
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, package)
            if base is not None:
                names += [f"{base}.{alias.name}" if alias.name != "*" else base for alias in node.names]
        elif isinstance(node, (ast.Try, ast.With)):
            names += _imports(node.body, package)
    return names


def _absolute(node: ast.ImportFrom, package: str) -> str | None:
    if node.level == 0:
        return node.module
    parts = package.split(".") if package else []
    if node.level > len(parts):
        return None
    return ".".join(parts[: len(parts) - node.level + 1] + ([node.module] if node.module else []))
