"""A run's parameters of type secret: for the memory of its tasks, sealed everywhere else."""

import json
from dataclasses import replace

from ...contract.layout import RunLayout
from ...sealing import Unreadable, seal, unseal, unseal_from_sender


class SecretParameters:
    """Those of one flow, in one container, which remembers the last run's."""

    def __init__(self, plan):
        self._flow = plan.flow
        self._names = [name for name, spec in plan.parameters.items() if spec["type"] == "secret"]
        self._run, self._values = None, {}

    def open(self, store, given):
        """What a client gave a run. The conductor of a flow with secrets has sealed it: what it answers is recorded."""
        if not isinstance(given, str):
            return given
        # src/platform/deploy/sealing-key.ts has the public key.
        return json.loads(_readable(unseal_from_sender, store.derive_key(f"parameters of {self._flow}"), given))

    def keep(self, context, values):
        """Takes the secrets out of a new run's parameters and keeps them for its tasks; returns all others."""
        if self._names:
            self._run, self._values = context.layout.run_id, {name: values[name] for name in self._names}
            context.store.put(context.layout.secrets, seal(self._key(context), json.dumps(self._values).encode()))
        return {name: value for name, value in values.items() if name not in self._names}

    def copy(self, context, origin):
        """Gives a resumed run the secrets of its origin."""
        if self._names:
            values = self.of(replace(context, layout=RunLayout(context.plan.flow, origin)))
            self.keep(context, dict(values))

    def of(self, context):
        """Value by name."""
        if self._names and self._run != context.layout.run_id:
            found = context.store.get(context.layout.secrets)
            if found is None:
                raise Unreadable("the run has no secret parameters: it was started by another version of the flow")
            self._values = json.loads(_readable(unseal, self._key(context), found[0]))
            self._run = context.layout.run_id
        return self._values

    def _key(self, context):
        return context.store.derive_key(f"secrets of {self._flow}/{context.layout.run_id}")


def _readable(function, *arguments):
    try:
        return function(*arguments)
    except ValueError as error:
        raise Unreadable(str(error)) from None
    except Unreadable as error:
        raise Unreadable(f"the run's secret parameters cannot be read: {error}") from None
