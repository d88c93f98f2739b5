"""Types of the answers of inspection, the same as in `src/language/python/inspection.ts`. Only type checkers import them."""

from __future__ import annotations

from typing import Any, Literal, TypedDict

Answer = dict[str, Any]
"""A JSON object: the answer about one text."""

Place = list[int]
"""First line, first column, last line, last column, from 1. Columns count characters; the last column is exclusive."""


class Problem(TypedDict):
    """A syntax error in a text."""

    message: str
    at: list[int | None]


class UnknownName(TypedDict, total=False):
    """A name that nothing defines."""

    name: str
    at: Place
    library: Literal[True]
    """Whether a module of the standard library has this name."""


class Assignment(TypedDict):
    """An attribute of self that is set."""

    name: str
    at: Place
    literal: str | None


class Read(TypedDict):
    """An attribute of self that is read, but cannot have been set before."""

    name: str
    at: Place
    sure: bool
    """Whether every execution reads the attribute."""


class InputRead(TypedDict):
    """An attribute of a join's inputs that is read."""

    name: str | None
    """The attribute; None if the whole input is used."""
    at: Place
    step: str | None
    """The input's step, if the code names it."""
    each: bool
    """Whether all inputs are read in turn."""


class Merge(TypedDict):
    """A call of `merge_artifacts`."""

    at: Place
    include: list[str] | None
    """Names to merge; None if all are merged or the names are not literals."""
    exclude: list[str] | None


class Returned(TypedDict):
    """The return values of a function."""

    returns: dict[str, str | None] | None
    """Keys of all mappings that it returns, each with its literal or None. None if the keys are unknown."""
    nothing: bool
    """Whether every path ends without a value."""
