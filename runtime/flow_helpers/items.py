"""Checks the list of a foreach, so that a wrong one is reported by step and artifact before Metaflow stumbles over it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING

from .flow import Flow
from .why_missing import _why_missing

if TYPE_CHECKING:
    from typing import Any


def _check_items(self: Flow, step: str, artifact: str, may_be_empty: bool = False) -> bool:
    """A foreach goes over a list (or what can be counted and indexed like one); says whether there is anything in it."""
    try:
        items = getattr(self, artifact)
    except AttributeError:
        why = _why_missing(self, artifact) or "there is no such artifact"
        raise AttributeError(f'step {step}: the foreach goes over "{artifact}", and {why}') from None
    if not _is_list(items):
        raise TypeError(
            f'step {step}: the foreach goes over "{artifact}", which has to be a list and is '
            + ("None" if items is None else f"of type {type(items).__name__}")
        )
    if len(items) == 0 and not may_be_empty:
        raise ValueError(
            f'step {step}: the foreach goes over "{artifact}", which is an empty list; it needs an item at least'
        )
    return len(items) > 0


def _is_list(items: object) -> bool:
    """Lists, tuples, ranges and the like, and arrays and series of numpy, pandas, polars and others; no tables."""
    if isinstance(items, Sequence):
        return not isinstance(items, (str, bytes, bytearray))
    return (getattr(items, "ndim", 0) > 0 or hasattr(items, "to_list")) and not hasattr(items, "columns")


class ItemMethods(Flow):
    """Methods of a flow with a foreach. Metaflow takes an item by its index, which a pandas Series takes for a label."""

    def _find_input(self, stack_index: int | None = None) -> Any:
        """An item by its position."""
        at = len(self._foreach_stack) - 1 if stack_index is None else stack_index
        if self._foreach_stack and at not in self._cached_input:
            frame = self._foreach_stack[at]
            items = getattr(self, frame.var, None)
            if hasattr(items, "to_numpy"):
                self._cached_input[at] = next(islice(items, frame.index, None))
        return super()._find_input(stack_index)
