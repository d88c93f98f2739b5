"""Reads JSON on stdin and writes JSON on stdout: about step bodies, expressions, modules and regular expressions."""

from __future__ import annotations

import ast
import json
import sys

from modules import inspect_module
from reader import Reader
from syntax import parse_expression, parse_module

TYPE_CHECKING = False  # like typing.TYPE_CHECKING, but without importing typing, which takes time
if TYPE_CHECKING:
    from answers import Answer


def inspect_body(code: str) -> Answer:
    """Inspects the body of the function that a text defines."""
    tree, problem = parse_module(code)
    if problem:
        return {"problem": problem}
    reader = Reader(code)
    function = tree.body[0]
    assert isinstance(function, ast.FunctionDef)
    try:
        reader.read_body(function.body)
    except RecursionError:
        return {"any": True}
    return reader.answer()


def inspect_expression(code: str) -> Answer:
    """Inspects an expression. Also finds whether it is a literal, and whether it is always true or false."""
    tree, problem = parse_expression(f"(\n{code}\n)")
    if problem:
        return {"problem": problem}
    reader = Reader(f"(\n{code}\n)")
    try:
        reader.read_expression(tree)
    except RecursionError:
        return {"any": True, "calls": True}
    answer = {**reader.answer(), "boolean": is_boolean(tree)}
    try:
        value = ast.literal_eval(tree)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return answer
    return {**answer, "constant": {"truth": bool(value), "type": type(value).__name__, "size": size_of(value)}}


def size_of(value: object) -> int | None:
    return len(value) if isinstance(value, (list, tuple, str)) else None


def is_boolean(node: ast.expr) -> bool:
    if isinstance(node, ast.Compare) or (isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)):
        return True
    if isinstance(node, ast.BoolOp):
        return all(is_boolean(value) for value in node.values)
    functions = ("all", "any", "bool", "hasattr", "isinstance")
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in functions


def inspect_pattern(pattern: str, texts: list[str]) -> Answer:
    """Inspects a regular expression. Also finds the texts that it does not match as a whole."""
    import re  # imported late, because few flows need it and it takes as long as all other imports

    try:
        compiled = re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        position = getattr(error, "pos", None)
        where = "" if position is None else f", at character {position + 1}"
        return {"problem": f"{getattr(error, 'msg', error)}{where}", "unmatched": []}
    return {"unmatched": [text for text in texts if not compiled.fullmatch(text)]}


def standard(names: list[str]) -> list[str]:
    """The names of the standard library's modules; empty in Python 3.9, which has no list of them."""
    library = getattr(sys, "stdlib_module_names", ())
    return [name for name in names if name in library]


def main() -> None:
    request = json.loads(sys.stdin.buffer.read())
    answer = {
        "bodies": [inspect_body(code) for code in request["bodies"]],
        "expressions": [inspect_expression(code) for code in request["expressions"]],
        "modules": [inspect_module(code, set(wanted)) for code, wanted in request["modules"]],
        "patterns": [inspect_pattern(pattern, texts) for pattern, texts in request["patterns"]],
        "standard": standard(request["names"]),
    }
    sys.stdout.write(json.dumps(answer))  # reading everything at once is several times faster
