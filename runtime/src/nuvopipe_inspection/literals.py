"""Literals in code."""

from __future__ import annotations

import ast

LITERALS = (ast.Constant, ast.Dict, ast.List, ast.Set, ast.Tuple, ast.UnaryOp)

LITERAL_MAX = 200
"""Maximum length of a literal, in characters; longer ones are not compared."""


def text_of(node: ast.AST | None) -> str | None:
    """The text of a string literal; None for other nodes."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def texts_of(node: ast.AST) -> list[str] | None:
    """The texts of a list literal of strings; None for other nodes."""
    if not isinstance(node, (ast.List, ast.Tuple)):
        return None
    texts = [text for text in map(text_of, node.elts) if text is not None]
    return texts if len(texts) == len(node.elts) else None


def literal(node: ast.AST) -> str | None:
    """A short literal as Python writes it; None for other nodes."""
    if not isinstance(node, LITERALS):
        return None
    try:
        text = repr(ast.literal_eval(node))
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return None
    return text if len(text) <= LITERAL_MAX else None
