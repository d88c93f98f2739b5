"""Loads `flow.py` so that the text users wrote keeps its place: a traceback names the flow file and its line."""

import ast
import linecache
import types


def compile_flow(path, plan, source_text):
    """Code object of `flow.py` whose functions listed in the plan's source map say that they come from the flow file."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    tree = ast.parse(text, path)
    name = plan.raw["source"]["name"]
    lines, source_lines = text.splitlines(), source_text.splitlines()
    linecache.cache[name] = (len(source_text), None, [line + "\n" for line in source_lines], name)
    ranges = plan.raw["sourceMap"]
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name in ranges:
            _move(node, ranges[node.name], lines, source_lines)
    return _rename(compile(tree, path, "exec"), set(ranges), name)


def _move(function, origin, lines, source_lines):
    shift = origin["sourceLine"] - origin["line"]
    for child in ast.walk(function):
        if not hasattr(child, "lineno"):
            continue
        if child.lineno < origin["line"]:
            child.lineno = child.end_lineno = origin["sourceLine"]
            continue
        columns = _columns(child.lineno, shift, lines, source_lines)
        child.lineno += shift
        child.col_offset += columns
        if child.end_lineno is not None:
            child.end_col_offset += _columns(child.end_lineno, shift, lines, source_lines)
            child.end_lineno += shift


def _columns(line, shift, lines, source_lines):
    """How many bytes further right the same text stands in the flow file; 0 where it can't be told."""
    text = lines[line - 1]
    if not 0 <= line - 1 + shift < len(source_lines):
        return 0
    found = source_lines[line - 1 + shift].find(text.strip())
    return found - (len(text) - len(text.lstrip())) if found >= 0 else 0


def _rename(code, names, filename, inside=False):
    inside = inside or code.co_name in names
    constants = tuple(
        _rename(constant, names, filename, inside) if isinstance(constant, types.CodeType) else constant
        for constant in code.co_consts
    )
    return code.replace(co_consts=constants, co_filename=filename if inside else code.co_filename)
