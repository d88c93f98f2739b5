"""Arguments of a flow that a step starts. They are sealed in the store, so that no activation record has them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ...contract.layout import RunLayout
from ...sealing import seal, unseal
from .parameters import BadParameters

if TYPE_CHECKING:
    from ...store import Store


def store_given(store: Store, flow: str, run: str, arguments: dict[str, Any]) -> None:
    """Stores the arguments before the run is started."""
    data = json.dumps(arguments).encode(errors="surrogatepass")
    store.put(RunLayout(flow, run).given, seal(_key(store, flow, run), data))


def stored_given(store: Store, flow: str, run: str) -> str:
    """Returns a run's arguments as JSON text."""
    found = store.get(RunLayout(flow, run).given)
    if found is None:
        raise BadParameters(f"the parameters of the run {run} are not in the datastore")
    return unseal(_key(store, flow, run), found[0]).decode(errors="surrogatepass")


def _key(store: Store, flow: str, run: str) -> bytes:
    return store.derive_key(f"arguments of {flow}/{run}")
