"""Looks at Python code without running any of it. JSON in on stdin, JSON out on stdout; see src/check/python.ts."""

import ast
import json
import sys


def syntax_problem(code):
    """(tree, None), or (None, the problem)."""
    try:
        tree = ast.parse(code)
        compile(tree, "<flow>", "exec", dont_inherit=True)
        return tree, None
    except SyntaxError as error:
        return None, {
            "message": error.msg,
            "line": error.lineno or 1,
            "column": error.offset or 1,
            "endLine": error.end_lineno,
            "endColumn": error.end_offset,
        }
    except (ValueError, RecursionError, MemoryError) as error:
        return None, {"message": str(error) or type(error).__name__, "line": 1, "column": 1}


def inspect_body(code):
    """A function's body: its syntax, the artifacts that it sets, and what it must not do."""
    tree, problem = syntax_problem(code)
    if problem:
        return {"problem": problem}
    lines = code.split("\n")
    found = {"sets": [], "next": None, "yield": None}
    pending = list(tree.body[0].body)
    while pending:
        node = pending.pop()
        if is_of_self(node) and isinstance(node.ctx, ast.Store):
            found["sets"].append({"name": node.attr, **place(node, lines)})
        if isinstance(node, ast.Call) and is_of_self(node.func) and node.func.attr == "next":
            found["next"] = place(node, lines)
        if isinstance(node, (ast.Yield, ast.YieldFrom, ast.Await)):
            found["yield"] = place(node, lines)
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)):
            pending.extend(ast.iter_child_nodes(node))
    return found


def is_of_self(node):
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self"


def place(node, lines):
    def column(line, offset):
        return len(lines[line - 1].encode("utf-8")[:offset].decode("utf-8")) + 1

    return {
        "line": node.lineno,
        "column": column(node.lineno, node.col_offset),
        "endLine": node.end_lineno,
        "endColumn": column(node.end_lineno, node.end_col_offset),
    }


def inspect_module(code):
    """The names that a module defines at its top; `any` if it imports them from elsewhere with a star."""
    tree, problem = syntax_problem(code)
    if problem:
        return {"problem": problem}
    names, any_name = [], False
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.append(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.append(node.id)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            for alias in node.names:
                any_name = any_name or alias.name == "*"
                names.append((alias.asname or alias.name).split(".")[0])
    return {"names": sorted(set(names)), "any": any_name}


request = json.loads(sys.stdin.buffer.read())
answer = {
    "bodies": [inspect_body(code) for code in request["bodies"]],
    "modules": [inspect_module(code) for code in request["modules"]],
}
json.dump(answer, sys.stdout)
