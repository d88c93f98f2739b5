"""What one activation works on and with."""

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
    """The activation's id: who made a claim, whose attempt was committed."""
    deadline: float
    """When OpenWhisk ends the activation, epoch seconds."""
    user: str
    """Whose runs these are."""
    environment: dict[str, str]
    """What every task finds in its environment."""
    layer: str = ""
    """Digest of the wheels that the action's steps import from."""
