"""What the helpers use of a flow; for type checkers and tests, a `flow.py` has its own."""

from typing import Any

from metaflow import FlowSpec

_HIDDEN: set[str] = set()
"""Names that are no artifacts: Metaflow's, and those of the flow's parameters."""


class Flow(FlowSpec):
    _datastore: Any
    """Of the task; an input's is that of its task."""
    _current_step: str
    _foreach_stack: list[Any]
    _cached_input: dict[int, Any]
