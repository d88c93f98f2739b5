"""Secret parameters of a run: readable in its tasks, sealed everywhere else."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ...contract.layout import RunLayout
from ...contract.protocol import UNREADABLE_SECRETS
from ...sealing import Unreadable, seal, unseal, unseal_from_sender
from .parameters import BadParameters, BadValues

if TYPE_CHECKING:
    from ...context import Context
    from ...plan import Plan
    from ...store import Store

OTHER_KEY = (
    "its secret parameters were sealed with another S3 secret key than the flow is deployed with now: "
    "start a new run with them, or deploy the flow with the earlier key"
)

OTHER_SENDER = "the parameters were sealed for another S3 secret key than the step has, as when a deploy changes the key"


class UnreadableSecrets(BadParameters):
    """Raised if the secret parameters of a run to resume cannot be read."""

    code = UNREADABLE_SECRETS


class SecretParameters:
    """The secret parameters of one flow; a container remembers those of the last run."""

    def __init__(self, plan: Plan) -> None:
        self._flow = plan.flow
        self._parameters = plan.parameters
        self._names = [name for name, spec in plan.parameters.items() if spec["type"] == "secret"]
        self._run: str | None = None
        self._values: dict[str, Any] = {}

    def open(self, store: Store, given: dict[str, Any] | str) -> dict[str, Any]:
        """Returns the client's parameters. Raises `BadValues`.

        The conductor of a flow with secrets seals them, because its answers are recorded.
        """
        if not isinstance(given, str):
            return given
        try:
            # src/platform/deploy/sealing-key.ts derives the public key.
            sealed = unseal_from_sender(store.derive_key(f"parameters of {self._flow}"), given)
        except (Unreadable, ValueError):
            raise BadValues(f"{OTHER_SENDER}: start the run again", dict.fromkeys(self._parameters)) from None
        parameters: dict[str, Any] = json.loads(sealed)
        return parameters

    def keep(self, context: Context, values: dict[str, Any]) -> dict[str, Any]:
        """Stores the secrets of a new run for its tasks; returns all other parameters."""
        if self._names:
            self._run, self._values = context.layout.run_id, {name: values[name] for name in self._names}
            context.store.put(context.layout.secrets, seal(self._key(context), json.dumps(self._values).encode()))
        return {name: value for name, value in values.items() if name not in self._names}

    def check(self, context: Context, origin: str) -> None:
        """Raises `UnreadableSecrets` if a run cannot be resumed because its secrets cannot be read."""
        try:
            self._of_origin(context, origin)
        except Unreadable as error:
            raise UnreadableSecrets(f"the run {origin} cannot be resumed: {error}") from None

    def copy(self, context: Context, origin: str) -> None:
        """Copies the secrets of the origin to a resumed run."""
        if self._names:
            self.keep(context, dict(self._of_origin(context, origin)))

    def _of_origin(self, context: Context, origin: str) -> dict[str, Any]:
        return self.of(replace(context, layout=RunLayout(context.plan.flow, origin)))

    def of(self, context: Context) -> dict[str, Any]:
        """Returns the run's secret parameters by name. Raises `Unreadable`, whose message says what to do."""
        if self._names and self._run != context.layout.run_id:
            found = context.store.get(context.layout.secrets)
            if found is None:
                raise Unreadable("it has no secret parameters, because it was started with another version of the flow")
            try:
                self._values = json.loads(unseal(self._key(context), found[0]))
            except Unreadable:
                raise Unreadable(OTHER_KEY) from None
            self._run = context.layout.run_id
        return self._values

    def _key(self, context: Context) -> bytes:
        return context.store.derive_key(f"secrets of {self._flow}/{context.layout.run_id}")
