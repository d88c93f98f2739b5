"""Mocks, which replace what a step does in the task's own fork. Everything around the step stays as it is."""

from __future__ import annotations

import builtins
import importlib
import signal
from typing import TYPE_CHECKING, Any, Literal, NoReturn, TypedDict

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import ModuleType
    from typing import TypeAlias

    from metaflow import FlowSpec

    Act: TypeAlias = Callable[..., object]
    """`act(self[, inputs])`"""

FAILURES = {"error", "message", "timeout"}
RESULTS = {"set", "run", "returns"}


class Mock(TypedDict, total=False):
    """A mock as written in a test file; if it is empty, the step itself runs."""

    set: dict[str, Any]
    run: str
    returns: Any
    error: str
    message: str
    timeout: Literal[True]
    times: int
    """Number of attempts that fail before the rest of the mock, or the step, takes over."""
    each: list[Mock | None]
    """One mock per item or turn."""


class MockProblem(Exception):
    """Raised for an invalid mock."""


def for_task(mock: Mock, indices: Sequence[int]) -> Mock:
    """The mock of one task. In `each`, it is that of the task's item or turn, the last of its `indices`."""
    if "each" not in mock:
        return mock
    mocks = mock["each"]
    if not indices:
        raise MockProblem('the step is not in a foreach or loop, so "each" has no items to apply to')
    if indices[-1] >= len(mocks):
        raise MockProblem(f'"each" has {_count(len(mocks))}, but none for item {indices[-1]}, counted from 0')
    return mocks[indices[-1]] or {}


def for_attempt(mock: Mock, attempt: int) -> Mock:
    """The mock of one attempt: a failure for the first `times`, then the rest of the mock or the step itself."""
    fails = "times" in mock and attempt < mock["times"]
    kept = FAILURES if fails else RESULTS if "times" in mock else FAILURES | RESULTS
    chosen: Mock = {}
    chosen.update({key: value for key, value in mock.items() if key in kept})  # type: ignore[typeddict-item]
    return chosen


def put_in_place(module: ModuleType, step: str, mock: Mock) -> None:
    """Replaces what a compiled flow's step calls: `_run_<step>` or `_call`; in a join also `_collect` or `_merge`.

    A mocked join keeps the artifacts that its inputs agree on, like any other join.
    """
    act = _act(module, step, mock)
    acted: list[bool] = []
    names = vars(module)

    def once(self: FlowSpec, inputs: Any = None) -> None:
        if not acted:
            acted.append(True)
            act(self, inputs)

    def merge(self: FlowSpec, inputs: Any, step: str, caught: Sequence[str] = (), **keep: Any) -> None:
        names["_keep"](self, inputs, step, **keep)
        once(self, inputs)

    names["_run_" + step] = once
    names["_call"] = lambda self, step, name, function, inputs=None: once(self, inputs)
    names["_collect"] = lambda self, inputs, *_: once(self, inputs)
    names["_merge"] = merge


def _act(module: ModuleType, step: str, mock: Mock) -> Act:
    """Does what the mock says."""
    if "set" in mock:
        values = mock["set"]

        def assign(self: FlowSpec, inputs: Any = None) -> None:
            for name, value in values.items():
                setattr(self, name, value)

        return assign
    if "run" in mock:
        code = compile(mock["run"], f"<mock of {step}>", "exec")
        return lambda self, inputs=None: exec(code, {**vars(module), "self": self, "inputs": inputs})
    if "timeout" in mock:
        # Call the handler of Metaflow's @timeout, which raises its usual error.
        return lambda self, inputs=None: signal.raise_signal(signal.SIGALRM)
    error = _error(mock["error"], mock.get("message", f"mock of {step}"))

    def fail(self: FlowSpec, inputs: Any = None) -> NoReturn:
        raise error

    return fail


def _error(name: str, message: str) -> BaseException:
    module, _, attribute = name.rpartition(".")
    try:
        found = getattr(importlib.import_module(module) if module else builtins, attribute)
    except (ImportError, AttributeError):
        raise MockProblem(f"there is no exception {name}") from None
    if not (isinstance(found, type) and issubclass(found, BaseException)):
        raise MockProblem(f"{name} is not an exception")
    try:
        return found(message)
    except TypeError as error:
        raise MockProblem(f"{name} cannot be made from a message alone: {error}") from None


def _count(mocks: int) -> str:
    return "1 mock" if mocks == 1 else f"{mocks} mocks"
