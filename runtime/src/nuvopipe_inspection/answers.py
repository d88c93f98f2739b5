"""What inspection answers, as types; `src/language/python/inspection.ts` has the same. Only type checkers import it."""

from __future__ import annotations

from typing import Any, Literal, TypedDict

Answer = dict[str, Any]
"""A JSON object: the answer about one text."""

Place = list[int]
"""First line, first column, last line, last column, from 1; columns count characters, the last one is after the end."""


class Problem(TypedDict):
    """Why Python does not understand a text."""

    message: str
    at: list[int | None]


class UnknownName(TypedDict, total=False):
    """A name that nothing defines."""

    name: str
    at: Place
    library: Literal[True]
    """A module of the standard library has this name."""


class Assignment(TypedDict):
    """An attribute of self that is set."""

    name: str
    at: Place
    literal: str | None


class Read(TypedDict):
    """An attribute of self that is read, and that nothing before can have set."""

    name: str
    at: Place
    sure: bool
    """Whether every execution reads it."""


class InputRead(TypedDict):
    """An attribute of a join's inputs that is read."""

    name: str | None
    """None if the whole input is used."""
    at: Place
    step: str | None
    """The step, if the input is named by it."""
    each: bool
    """Whether all inputs are read in turn."""


class Merge(TypedDict):
    """A call of `merge_artifacts`."""

    at: Place
    include: list[str] | None
    """None: all, or names that are not literals."""
    exclude: list[str] | None


class Returned(TypedDict):
    """What a function returns."""

    returns: dict[str, str | None] | None
    """By key of all mappings that it returns: the literal, or None. None if the keys are unknown."""
    nothing: bool
    """Whether it ends without a value on every path."""
