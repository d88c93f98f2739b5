"""Calls the function of a step."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

import metaflow

from .set_artifacts import _set_artifacts
from .why_missing import _why_missing

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .flow import Flow


def _call(self: Flow, step: str, name: str, function: Callable[..., object], inputs: Any = None) -> None:
    """Calls a function with artifacts and parameters by name; the items of its result become artifacts."""
    positional, keywords = [], {}
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        if parameter.name == "inputs" and inputs is not None:
            value = inputs
        else:
            value = _value(self, parameter.name, parameter.default)
        if value is parameter.empty:
            why = _why_missing(self, parameter.name) or "there is no such artifact or parameter"
            raise TypeError(f'step {step}: {name} needs "{parameter.name}", but {why}')
        if parameter.kind is parameter.POSITIONAL_ONLY:
            positional.append(value)
        else:
            keywords[parameter.name] = value
    _set_artifacts(self, step, name, function(*positional, **keywords))


def _value(self: Flow, name: str, default: object) -> Any:
    """Returns an artifact, a parameter, or a foreach's input, but not the flow's steps and methods."""
    of_class = getattr(type(self), name, None)
    if hasattr(of_class, "is_step") or (hasattr(metaflow.FlowSpec, name) and name not in ("input", "index")):
        return default
    try:
        return getattr(self, name)
    except AttributeError:
        return default
