"""Inspects modules of the flow's code: what they define, and what their functions take and return."""

from __future__ import annotations

import ast

from literals import literal, text_of
from syntax import parse_module

TYPE_CHECKING = False  # like typing.TYPE_CHECKING, but without importing typing, which takes time
if TYPE_CHECKING:
    from answers import Answer, Returned

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


def inspect_module(code: str, wanted: set[str]) -> Answer:
    """
    Returns the names that a module defines at its top level, `any` if a star import may define others, and the arguments and
    return values of the wanted functions.
    """
    tree, problem = parse_module(code)
    if problem:
        return {"problem": problem}
    names: list[str] = []
    any_name = False
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.append(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.append(node.id)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            for alias in node.names:
                any_name = any_name or alias.name == "*"
                names.append((alias.asname or alias.name).split(".")[0])
    functions = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name in wanted and names.count(node.name) == 1:
            if not node.decorator_list:
                functions[node.name] = inspect_function(node)
    return {"names": sorted(set(names)), "any": any_name, "functions": functions}


def inspect_function(node: ast.FunctionDef) -> Answer:
    """Returns its arguments without and with a default, and the keys of the mappings that it returns, if known."""
    positional = [*node.args.posonlyargs, *node.args.args]
    given = len(positional) - len(node.args.defaults)
    keyword = list(zip(node.args.kwonlyargs, node.args.kw_defaults))  # noqa: B905 - Python 3.9 has no strict
    required = [*positional[:given], *(argument for argument, default in keyword if default is None)]
    optional = [*positional[given:], *(argument for argument, default in keyword if default is not None)]
    return {
        "required": [argument.arg for argument in required],
        "optional": [argument.arg for argument in optional],
        **returns(node),
    }


def returns(function: ast.FunctionDef) -> Returned:
    """What a function returns, as far as its code shows."""
    keys: dict[str, str | None] = {}
    nothing = not isinstance(function.body[-1], ast.Raise)
    pending: list[ast.AST] = list(function.body)
    while pending:
        node = pending.pop()
        if isinstance(node, (ast.Yield, ast.YieldFrom)):
            return {"returns": None, "nothing": False}
        if isinstance(node, ast.Return) and node.value is not None:
            nothing = False
            if isinstance(node.value, ast.Dict):
                pairs = [(text_of(key), value) for key, value in zip(node.value.keys, node.value.values)]  # noqa: B905
            elif isinstance(node.value, ast.Call) and getattr(node.value.func, "id", None) == "dict" and not node.value.args:
                pairs = [(keyword.arg, keyword.value) for keyword in node.value.keywords]
            else:
                return {"returns": None, "nothing": False}
            for key, value in pairs:
                if key is None:
                    return {"returns": None, "nothing": False}
                keys[key] = None if key in keys else literal(value)
        if not isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            pending.extend(ast.iter_child_nodes(node))
    return {"returns": keys or None, "nothing": nothing}
