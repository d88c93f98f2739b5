"""Stand-ins for what a step does. They are put in its place in the task's own fork: all around it stays as it is."""

import builtins
import importlib
import signal

FAILURES = {"error", "message", "timeout"}
RESULTS = {"set", "run", "returns"}


class MockProblem(Exception):
    """A mock that cannot do what it says."""


def for_task(mock, indices):
    """The mock of one task: of those in `each`, the one of its item or turn, the last of its `indices`."""
    if "each" not in mock:
        return mock
    mocks = mock["each"]
    if not indices:
        raise MockProblem('the step is in no foreach, so that "each" has no items to be for')
    if indices[-1] >= len(mocks):
        raise MockProblem(f'"each" has {_count(len(mocks))}, and here is item {indices[-1]}, counted from 0')
    return mocks[indices[-1]] or {}


def for_attempt(mock, attempt):
    """What stands in for this attempt: after the `times` that it fails, what else the mock does, or the step itself."""
    fails = "times" in mock and attempt < mock["times"]
    kept = FAILURES if fails else RESULTS if "times" in mock else FAILURES | RESULTS
    return {key: value for key, value in mock.items() if key in kept}


def put_in_place(module, step, mock):
    """Replaces what a compiled flow's step calls: `_run_<step>` or `_call`; in a join also `_collect` or `_merge`.

    A mocked join keeps what its inputs agree on, as any other does.
    """
    act = _act(module, step, mock)
    acted = []

    def once(self, inputs=None):
        if not acted:
            acted.append(True)
            act(self, inputs)

    def merge(self, inputs, step, caught=(), **keep):
        module._keep(self, inputs, step, **keep)
        once(self, inputs)

    setattr(module, "_run_" + step, once)
    module._call = lambda self, step, name, function, inputs=None: once(self, inputs)
    module._collect = lambda self, inputs, *_: once(self, inputs)
    module._merge = merge


def _act(module, step, mock):
    """`act(self[, inputs])`, which does what the mock says."""
    if "set" in mock:
        return lambda self, inputs=None: [setattr(self, name, value) for name, value in mock["set"].items()]
    if "run" in mock:
        code = compile(mock["run"], f"<mock of {step}>", "exec")
        return lambda self, inputs=None: exec(code, {**vars(module), "self": self, "inputs": inputs})
    if "timeout" in mock:
        # As Metaflow's @timeout finds that the time is over, with its handler and its message.
        return lambda self, inputs=None: signal.raise_signal(signal.SIGALRM)
    error = _error(mock["error"], mock.get("message", f"mock of {step}"))

    def fail(self, inputs=None):
        raise error

    return fail


def _error(name, message):
    module, _, attribute = name.rpartition(".")
    try:
        found = getattr(importlib.import_module(module) if module else builtins, attribute)
    except (ImportError, AttributeError):
        raise MockProblem(f"there is no exception {name}") from None
    if not (isinstance(found, type) and issubclass(found, BaseException)):
        raise MockProblem(f"{name} is no exception")
    try:
        return found(message)
    except TypeError as error:
        raise MockProblem(f"{name} cannot be made of a message alone: {error}") from None


def _count(mocks):
    return "1 mock" if mocks == 1 else f"{mocks} mocks"
