"""Loads `flow.py` so that tracebacks name the flow file and the line that the user wrote."""

from __future__ import annotations

import ast
import linecache
import types
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import Protocol, TypeGuard

    from ..contract.formats import SourceRange
    from ..plan import Plan

    class _Placed(Protocol):
        """A node that has a place in the source."""

        lineno: int
        end_lineno: int | None
        col_offset: int
        end_col_offset: int | None


def parse_flow(path: str) -> tuple[str, ast.Module]:
    """Returns (text, syntax tree) of `flow.py`."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    return text, ast.parse(text, path)


def compile_flow(path: str, text: str, tree: ast.Module, plan: Plan, source_text: str) -> types.CodeType:
    """Compiles `flow.py` so that the functions in the plan's source map have their places in the flow file."""
    name = plan.raw["source"]["name"]
    # Not splitlines(): neither Python nor YAML ends a line at a form feed or U+2028.
    lines, source_lines = text.split("\n"), source_text.split("\n")
    linecache.cache[name] = (len(source_text), None, [line + "\n" for line in source_lines], name)
    ranges = plan.raw["sourceMap"]
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name in ranges:
            _move(node, _Origin(ranges[node.name], lines, source_lines))
        if isinstance(node, ast.ClassDef) and node.name == plan.flow:
            _make_steps(node, plan.handlers)
    return _rename(compile(tree, path, "exec"), set(ranges), name)


def _make_steps(flow: ast.ClassDef, names: Collection[str]) -> None:
    """Decorates the methods of `onFailure` as steps: they are not decorated, so that Metaflow's scheduler ignores them."""
    for node in flow.body:
        if isinstance(node, ast.FunctionDef) and node.name in names:
            decorator = ast.parse("metaflow.step", mode="eval").body
            for child in ast.walk(decorator):
                ast.copy_location(child, node)
            node.decorator_list.append(decorator)


class _Origin:
    """Places of the lines of one function's body in the flow file."""

    def __init__(self, source_range: SourceRange, lines: list[str], source_lines: list[str]) -> None:
        self.first = source_range["line"]
        self.source_first = source_range["sourceLine"]
        self._each = source_range.get("sourceLines")
        self._lines = lines
        self._source_lines = source_lines

    def line(self, line: int) -> int:
        index = line - self.first
        if self._each is not None and index < len(self._each):
            return self._each[index]
        return self.source_first + index

    def columns(self, line: int) -> int:
        """Number of bytes by which the text is further right in the flow file; 0 if unknown."""
        text, source_line = self._lines[line - 1], self.line(line)
        if not 1 <= source_line <= len(self._source_lines):
            return 0
        found = self._source_lines[source_line - 1].find(text.strip())
        return found - (len(text) - len(text.lstrip())) if found >= 0 else 0


def _move(function: ast.FunctionDef, origin: _Origin) -> None:
    for child in ast.walk(function):
        if not _is_placed(child):
            continue
        if child.lineno < origin.first:
            child.lineno = child.end_lineno = origin.source_first
            continue
        child.col_offset += origin.columns(child.lineno)
        child.lineno = origin.line(child.lineno)
        if child.end_lineno is not None and child.end_col_offset is not None:
            child.end_col_offset += origin.columns(child.end_lineno)
            child.end_lineno = origin.line(child.end_lineno)


def _is_placed(node: ast.AST) -> TypeGuard[_Placed]:
    return hasattr(node, "lineno")


def _rename(code: types.CodeType, names: Collection[str], filename: str, inside: bool = False) -> types.CodeType:
    inside = inside or code.co_name in names
    constants = tuple(
        _rename(constant, names, filename, inside) if isinstance(constant, types.CodeType) else constant
        for constant in code.co_consts
    )
    return code.replace(co_consts=constants, co_filename=filename if inside else code.co_filename)
