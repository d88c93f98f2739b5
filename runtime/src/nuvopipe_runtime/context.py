"""What one activation works with."""

from dataclasses import dataclass

from .clock import Clock
from .contract.layout import RunLayout
from .plan import Plan
from .store import Store


@dataclass(frozen=True)
class Context:
    plan: Plan
    store: Store
    layout: RunLayout
    clock: Clock
    by: str
    """Activation id, stored in claims and commits."""
    deadline: float
    """Time at which OpenWhisk ends the activation, epoch seconds."""
    user: str
    """The user that runs belong to."""
    environment: dict[str, str]
    """Environment variables of every task."""
    layer: str = ""
    """Digest of the layer with the flow's packages; empty if there is none."""
