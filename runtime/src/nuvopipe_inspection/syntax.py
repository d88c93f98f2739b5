"""Parses Python code and reports syntax errors."""

from __future__ import annotations

import ast

TYPE_CHECKING = False  # like typing.TYPE_CHECKING, but without importing typing, which takes time
if TYPE_CHECKING:
    from answers import Problem


def parse_module(code: str) -> tuple[ast.Module, Problem | None]:
    """Returns (tree, None), or (an empty tree, the problem)."""
    try:
        tree = ast.parse(code)
        compile(tree, "<flow>", "exec", dont_inherit=True)
        return tree, None
    except PROBLEMS as error:
        return ast.Module([], []), _problem_of(error)


def parse_expression(code: str) -> tuple[ast.expr, Problem | None]:
    """Returns (tree, None), or (a constant, the problem)."""
    try:
        tree = ast.parse(code, mode="eval")
        compile(tree, "<flow>", "eval", dont_inherit=True)
        return tree.body, None
    except PROBLEMS as error:
        return ast.Constant(None), _problem_of(error)


PROBLEMS = (SyntaxError, ValueError, RecursionError, MemoryError)


def _problem_of(error: Exception) -> Problem:
    if isinstance(error, SyntaxError):
        return {"message": error.msg, "at": [error.lineno or 1, error.offset or 1, error.end_lineno, error.end_offset]}
    return {"message": str(error) or type(error).__name__, "at": [1, 1, None, None]}
