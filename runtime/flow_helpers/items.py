"""Checks the list of a foreach, so that the error names step and artifact, which Metaflow's own error does not."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING

from .flow import Flow
from .why_missing import _why_missing

if TYPE_CHECKING:
    from typing import Any


def _check_items(self: Flow, step: str, artifact: str, may_be_empty: bool = False) -> bool:
    """Checks that a foreach iterates over a list, or a value with length and index like one. False if it is empty."""
    try:
        items = getattr(self, artifact)
    except AttributeError:
        why = _why_missing(self, artifact) or "there is no such artifact"
        raise AttributeError(f'step {step}: the foreach iterates over "{artifact}", but {why}') from None
    if not _is_list(items):
        raise TypeError(
            f'step {step}: the foreach iterates over "{artifact}", which must be a list but is '
            + ("None" if items is None else f"of type {type(items).__name__}")
        )
    if len(items) == 0 and not may_be_empty:
        raise ValueError(
            f'step {step}: the foreach iterates over "{artifact}", which is an empty list; it needs at least one item'
        )
    return len(items) > 0


def _is_list(items: object) -> bool:
    """Whether a value is a list, tuple, range or the like, or an array or series of a library, but not a table."""
    if isinstance(items, Sequence):
        return not isinstance(items, (str, bytes, bytearray))
    return (getattr(items, "ndim", 0) > 0 or hasattr(items, "to_list")) and not hasattr(items, "columns")


class ItemMethods(Flow):
    """Methods of a flow with a foreach. Metaflow reads items by index, which is a label in a pandas Series."""

    def _find_input(self, stack_index: int | None = None) -> Any:
        """Returns an item by its position."""
        at = len(self._foreach_stack) - 1 if stack_index is None else stack_index
        if self._foreach_stack and at not in self._cached_input:
            frame = self._foreach_stack[at]
            items = getattr(self, frame.var, None)
            if hasattr(items, "to_numpy"):
                self._cached_input[at] = next(islice(items, frame.index, None))
        return super()._find_input(stack_index)
