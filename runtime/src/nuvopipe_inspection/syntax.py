"""Whether Python understands a text."""

import ast


def syntax_problem(code, mode="exec"):
    """(tree, None), or (None, the problem)."""
    try:
        tree = ast.parse(code, mode=mode)
        compile(tree, "<flow>", mode, dont_inherit=True)
        return tree, None
    except SyntaxError as error:
        at = [error.lineno or 1, error.offset or 1, error.end_lineno, error.end_offset]
        return None, {"message": error.msg, "at": at}
    except (ValueError, RecursionError, MemoryError) as error:
        return None, {"message": str(error) or type(error).__name__, "at": [1, 1, None, None]}
