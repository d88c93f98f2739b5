"""JSON in on stdin, JSON out on stdout: bodies of steps, expressions, modules, regular expressions, names of modules."""

import ast
import json
import sys

from modules import inspect_module
from reader import Reader
from syntax import syntax_problem


def inspect_body(code):
    """A function's body."""
    tree, problem = syntax_problem(code)
    if problem:
        return {"problem": problem}
    reader = Reader(code)
    try:
        reader.read_body(tree.body[0].body)
    except RecursionError:
        return {"any": True}
    return reader.answer()


def inspect_expression(code):
    """An expression: also whether it is a literal, and whether it is true or false and nothing else."""
    tree, problem = syntax_problem(f"(\n{code}\n)", "eval")
    if problem:
        return {"problem": problem}
    reader = Reader(f"(\n{code}\n)")
    try:
        reader.read_expression(tree.body)
    except RecursionError:
        return {"any": True, "calls": True}
    answer = {**reader.answer(), "boolean": is_boolean(tree.body)}
    try:
        value = ast.literal_eval(tree.body)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return answer
    return {**answer, "constant": {"truth": bool(value), "type": type(value).__name__, "size": size_of(value)}}


def size_of(value):
    return len(value) if isinstance(value, (list, tuple, str)) else None


def is_boolean(node):
    if isinstance(node, ast.Compare) or (isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)):
        return True
    if isinstance(node, ast.BoolOp):
        return all(is_boolean(value) for value in node.values)
    functions = ("all", "any", "bool", "hasattr", "isinstance")
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in functions


def inspect_pattern(pattern, texts):
    """A regular expression, and which texts it does not match as a whole."""
    import re  # few flows need it, and it takes as long as all the rest

    try:
        compiled = re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        position = getattr(error, "pos", None)
        where = "" if position is None else f", at character {position + 1}"
        return {"problem": f"{getattr(error, 'msg', error)}{where}", "unmatched": []}
    return {"unmatched": [text for text in texts if not compiled.fullmatch(text)]}


def standard(names):
    """Those that are modules of the standard library; Python 3.9 does not know."""
    library = getattr(sys, "stdlib_module_names", ())
    return [name for name in names if name in library]


def main():
    request = json.loads(sys.stdin.buffer.read())
    answer = {
        "bodies": [inspect_body(code) for code in request["bodies"]],
        "expressions": [inspect_expression(code) for code in request["expressions"]],
        "modules": [inspect_module(code, set(wanted)) for code, wanted in request["modules"]],
        "patterns": [inspect_pattern(pattern, texts) for pattern, texts in request["patterns"]],
        "standard": standard(request["names"]),
    }
    sys.stdout.write(json.dumps(answer))  # all at once is several times faster
