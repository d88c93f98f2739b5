"""Sets a run's parameters on the flow object where Metaflow's command line would set them differently."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from metaflow.cli import CliState


def with_bytes(values: Mapping[str, Any], binary: Sequence[str]) -> dict[str, Any]:
    """Returns the values with binary files decoded from base64."""
    return {name: base64.b64decode(value) if name in binary and value is not None else value for name, value in values.items()}


def set_parameters(context: CliState, values: dict[str, Any]) -> None:
    """Sets the parameters on the flow, so that `_parameters` stores them. Those without a value are secret and left out."""
    flow = context.flow
    secrets = [name for name, _ in flow._get_parameters() if name not in values]
    by_option = {name.lower(): value for name, value in (values | dict.fromkeys(secrets)).items()}
    flow._set_constants(context.graph, by_option, context.config_options)
    for name in secrets:
        delattr(flow, name)
