"""Parts of code that are values as they stand."""

import ast

LITERALS = (ast.Constant, ast.Dict, ast.List, ast.Set, ast.Tuple, ast.UnaryOp)

LITERAL_MAX = 200
"""Characters; longer ones are not compared."""


def text_of(node):
    """The text that a literal is."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def texts_of(node):
    """The texts of a literal list of them."""
    if not isinstance(node, (ast.List, ast.Tuple)):
        return None
    texts = [text_of(item) for item in node.elts]
    return None if None in texts else texts


def literal(node):
    """What a short literal is, as Python would write it."""
    if not isinstance(node, LITERALS):
        return None
    try:
        text = repr(ast.literal_eval(node))
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return None
    return text if len(text) <= LITERAL_MAX else None
