"""Secret parameters of a run: readable in its tasks, sealed everywhere else."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ...contract.layout import RunLayout
from ...sealing import Unreadable, seal, unseal, unseal_from_sender

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...context import Context
    from ...plan import Plan
    from ...store import Store


class SecretParameters:
    """The secret parameters of one flow; a container remembers those of the last run."""

    def __init__(self, plan: Plan) -> None:
        self._flow = plan.flow
        self._names = [name for name, spec in plan.parameters.items() if spec["type"] == "secret"]
        self._run: str | None = None
        self._values: dict[str, Any] = {}

    def open(self, store: Store, given: dict[str, Any] | str) -> dict[str, Any]:
        """The client's parameters. The conductor of a flow with secrets seals them, because its answers are recorded."""
        if not isinstance(given, str):
            return given
        # src/platform/deploy/sealing-key.ts derives the public key.
        sealed = _readable(unseal_from_sender, store.derive_key(f"parameters of {self._flow}"), given)
        parameters: dict[str, Any] = json.loads(sealed)
        return parameters

    def keep(self, context: Context, values: dict[str, Any]) -> dict[str, Any]:
        """Stores the secrets of a new run for its tasks; returns all other parameters."""
        if self._names:
            self._run, self._values = context.layout.run_id, {name: values[name] for name in self._names}
            context.store.put(context.layout.secrets, seal(self._key(context), json.dumps(self._values).encode()))
        return {name: value for name, value in values.items() if name not in self._names}

    def copy(self, context: Context, origin: str) -> None:
        """Copies the secrets of the origin to a resumed run."""
        if self._names:
            values = self.of(replace(context, layout=RunLayout(context.plan.flow, origin)))
            self.keep(context, dict(values))

    def of(self, context: Context) -> dict[str, Any]:
        """Secret parameters of the run, by name. Raises `Unreadable`."""
        if self._names and self._run != context.layout.run_id:
            found = context.store.get(context.layout.secrets)
            if found is None:
                raise Unreadable("the run has no secret parameters: it was started by another version of the flow")
            self._values = json.loads(_readable(unseal, self._key(context), found[0]))
            self._run = context.layout.run_id
        return self._values

    def _key(self, context: Context) -> bytes:
        return context.store.derive_key(f"secrets of {self._flow}/{context.layout.run_id}")


def _readable(function: Callable[..., bytes], *arguments: Any) -> bytes:
    try:
        return function(*arguments)
    except ValueError as error:
        raise Unreadable(str(error)) from None
    except Unreadable as error:
        raise Unreadable(f"the run's secret parameters cannot be read: {error}") from None
