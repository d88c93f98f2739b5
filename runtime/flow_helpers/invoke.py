"""For a step that calls an action."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any


def _invoke(step: str, action: str, arguments: dict[str, Any]) -> Any:
    """nuvopipe's runtime puts what the action answered in the place of this."""
    raise RuntimeError(f"step {step}: it invokes the OpenWhisk action {action}, so that the flow needs nuvopipe to run")
