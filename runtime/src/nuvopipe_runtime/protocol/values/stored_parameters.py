"""Arguments of a flow that a step starts. They are sealed in the store, so that no activation record has them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ...contract.layout import RunLayout
from ...sealing import Unreadable, seal, unseal
from .parameters import BadValues

if TYPE_CHECKING:
    from ...plan import Plan
    from ...store import Store

OTHER_KEY = (
    "the parameters were sealed by a flow that is deployed with another S3 secret key: "
    "deploy this flow and the one that calls it with the same key"
)


def store_given(store: Store, flow: str, run: str, arguments: dict[str, Any]) -> None:
    """Stores the arguments before the run is started."""
    data = json.dumps(arguments).encode(errors="surrogatepass")
    store.put(RunLayout(flow, run).given, seal(_key(store, flow, run), data))


def stored_given(store: Store, plan: Plan, run: str) -> str:
    """Returns a run's arguments as JSON text. Raises `BadValues`, so that the run that waits for this one learns why."""
    nothing = dict.fromkeys(plan.parameters)
    try:
        given = read_given(store, plan.flow, run)
    except Unreadable:
        raise BadValues(OTHER_KEY, nothing) from None
    if given is None:
        raise BadValues(f"the parameters of the run {run} are not in the datastore", nothing)
    return given


def read_given(store: Store, flow: str, run: str) -> str | None:
    """Returns the stored arguments as JSON text, or None. Raises `Unreadable` if the datastore has another key."""
    found = store.get(RunLayout(flow, run).given)
    return None if found is None else unseal(_key(store, flow, run), found[0]).decode(errors="surrogatepass")


def _key(store: Store, flow: str, run: str) -> bytes:
    return store.derive_key(f"arguments of {flow}/{run}")
