"""The parts of a flow that the helpers use, for type checkers and tests; a `flow.py` has its own."""

from typing import Any

from metaflow import FlowSpec

_HIDDEN: set[str] = set()
"""Names that are not artifacts: Metaflow's, and those of the flow's parameters."""


class Flow(FlowSpec):
    _datastore: Any
    """The task's datastore; that of an input belongs to the input's task."""
    _current_step: str
    _foreach_stack: list[Any]
    _cached_input: dict[int, Any]
