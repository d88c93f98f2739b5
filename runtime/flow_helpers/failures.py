"""Lists the failed items of a foreach with `onError: collect`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any


def _failures() -> list[dict[str, Any]]:
    """Items that failed. nuvopipe's runtime replaces this function; Metaflow itself stops at the first failure."""
    return []
