"""All changes that the runtime makes to Metaflow, and all private functions that it calls.

`check` compares the signatures below with those of the installed Metaflow, and refuses a Metaflow that differs before anything
is changed. `tests/unit/.../test_metaflow_patches.py` has a test for each patch, which fails if Metaflow no longer does what the
patch relies on. Written for and tested with Metaflow `CHECKED_VERSION`.

One more patch is in `metaflow_extensions/.../objects.py`, which also runs without this package: after a fork it removes the
cache of Metaflow's client (`metaflow.client.core.filecache`) in the child.
"""

from __future__ import annotations

import contextlib
import importlib
import inspect
import sys
from typing import TYPE_CHECKING, Any

from .masking import Mask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from metaflow import FlowSpec
    from metaflow.cli import CliState
    from metaflow.datastore import DataStoreStorage
    from metaflow.datastore.flow_datastore import FlowDataStore
    from metaflow.datastore.task_datastore import TaskDataStore
    from metaflow.metadata_provider import MetadataProvider
    from metaflow.metaflow_environment import MetaflowEnvironment
    from metaflow.task import MetaflowTask

    from .storage import InputRecords

CHECKED_VERSION = "2.19.39"

PATCHED = {
    "metaflow.flowspec:FlowSpec.__init__": "(self, use_cli=True)",
    "metaflow.graph:FlowGraph._traverse_graph": "(self)",
    "metaflow.graph:FlowGraph.output_steps": "(self)",
    "metaflow.cli_components.step_cmd:step.callback": "",
    "metaflow.cli:DATASTORES": "",
    "metaflow.plugins:METADATA_PROVIDERS": "",
    "metaflow.metaflow_environment:MetaflowEnvironment.get_environment_info": "(self, include_ext_info=False)",
    "metaflow.datastore.flow_datastore:FlowDataStore.get_task_datastores": (
        "(self, run_id=None, steps=None, pathspecs=None, allow_not_done=False, attempt=None, include_prior=False, mode='r', "
        "join_type=None, orig_flow_datastore=None, spin_artifacts=None)"
    ),
    "metaflow.datastore.task_datastore:TaskDataStore.persist": "(self, flow)",
    "metaflow.datastore.task_datastore:TaskDataStore.__getitem__": "(self, name)",
    "metaflow.task:MAX_ATTEMPTS": "",
    "metaflow.task:MetaflowTask._init_parameters": "(self, parameter_ds, passdown=True)",
    "metaflow.includefile:IncludeFile.load_parameter": "(self, v)",
    "metaflow.exception:MetaflowExceptionWrapper.__init__": "(self, exc=None)",
    "metaflow.plugins.catch_decorator:CatchDecorator.task_exception": (
        "(self, exception, step, flow, graph, retry_count, max_user_code_retries)"
    ),
    "metaflow.plugins.catch_decorator:FailureHandledByCatch.__init__": "(self, retry_count)",
    "metaflow.plugins.timeout_decorator:TimeoutDecorator._sigalrm_handler": "(self, signum, frame)",
}
"""Signatures of what is replaced, by place; empty if it is not a function."""

CALLED = {
    "metaflow.flowspec:FlowSpec._set_datastore": "(self, datastore)",
    "metaflow.flowspec:FlowSpec._set_constants": "(self, graph, kwargs, config_options)",
    "metaflow.flowspec:FlowSpec._get_parameters": "()",
    "metaflow.task:MetaflowTask._init_foreach": "(self, step_name, join_type, inputs, split_index)",
    "metaflow.task:MetaflowTask.run_step": (
        "(self, step_name, run_id, task_id, origin_run_id, input_paths, split_index, retry_count, max_user_code_retries, "
        "whitelist_decorators=None, persist=True)"
    ),
    "metaflow.cli_args:cli_args._set_step_kwargs": "(kwargs)",
    "metaflow.datastore.flow_datastore:FlowDataStore.set_metadata_cache": "(self, cache)",
    "metaflow.datastore.content_addressed_store:ContentAddressedStore.set_blob_cache": "(self, blob_cache)",
}
"""Signatures of private or undocumented functions that are called, by place."""


class UnsupportedMetaflow(Exception):
    """Raised if the installed Metaflow differs where the runtime changes it."""


def check() -> None:
    """Raises `UnsupportedMetaflow` if a patched or called function has changed since the patches were written."""
    for place, expected in (PATCHED | CALLED).items():
        found = signature_of(place)
        if found is None or (expected and found != expected):
            what = f"{place.replace(':', '.')} does not exist" if found is None else f"{place.replace(':', '.')} takes {found}"
            raise UnsupportedMetaflow(
                f"this version of Metaflow ({_version()}) is not supported: {what}; install metaflow=={CHECKED_VERSION}"
            )


def signature_of(place: str) -> str | None:
    """The parameters of `module:name`; empty if it is not a function, None if it does not exist."""
    module, _, names = place.partition(":")
    try:
        found: Any = importlib.import_module(module)
        for name in names.split("."):
            found = getattr(found, name)
    except (ImportError, AttributeError):
        return None
    if not inspect.isroutine(found):
        return ""
    parameters = inspect.signature(found).parameters.values()
    return f"({', '.join(str(each.replace(annotation=inspect.Parameter.empty)) for each in parameters)})"


def _version() -> str:
    from metaflow.version import metaflow_version

    return str(metaflow_version)


# ---------------------------------------------------------------------- in the loader: once per process


def reload_configuration() -> None:
    """Reads Metaflow's settings from the environment again, for all modules that have a copy of them.

    Metaflow reads its settings when it is imported. If a template imported it, that was in another environment.
    """
    if "metaflow.metaflow_config" not in sys.modules:
        return
    configuration = importlib.reload(sys.modules["metaflow.metaflow_config"])
    settings = {name: value for name, value in vars(configuration).items() if name.isupper()}
    for name, module in list(sys.modules.items()):
        if name.startswith("metaflow.") and module is not configuration:
            for setting in settings.keys() & vars(module).keys():
                setattr(module, setting, settings[setting])


class _Captured(BaseException):
    """Raised to end the flow file's own call of Metaflow's command line."""


@contextlib.contextmanager
def captured_flow() -> Iterator[list[FlowSpec]]:
    """Captures the flow object. `flow.py` ends with `F()`, which would run Metaflow's command line; here it stops before."""
    from metaflow.flowspec import FlowSpec

    captured: list[FlowSpec] = []
    original = FlowSpec.__init__

    def capture(self: FlowSpec, use_cli: bool = True) -> None:
        original(self, use_cli=False)
        if use_cli:
            captured.append(self)
            raise _Captured()

    FlowSpec.__init__ = capture
    try:
        yield captured
    except _Captured:
        pass
    finally:
        FlowSpec.__init__ = original


def visit_steps_once() -> None:
    """Replaces Metaflow's graph functions, which follow every path through a flow; see `flow_graph`."""
    from metaflow.graph import FlowGraph

    from .flow_graph import drawing, traverse_graph

    FlowGraph._traverse_graph = traverse_graph
    FlowGraph.output_steps = drawing(FlowGraph.output_steps)


@contextlib.contextmanager
def captured_step_context() -> Iterator[list[CliState]]:
    """Captures the context of Metaflow's `step` command, for which the command line has prepared datastore and metadata."""
    from metaflow._vendor import click
    from metaflow.cli_components import step_cmd

    contexts: list[CliState] = []
    original = step_cmd.step.callback
    step_cmd.step.callback = lambda *_, **__: contexts.append(click.get_current_context().obj)
    try:
        yield contexts
    finally:
        step_cmd.step.callback = original


def use_storage(storage: type[DataStoreStorage]) -> None:
    """Replaces the datastore of the same name in Metaflow's list by ours."""
    from metaflow import cli

    cli.DATASTORES = [storage, *(each for each in cli.DATASTORES if each.TYPE != storage.TYPE)]


def offer_metadata(provider: type[MetadataProvider]) -> None:
    """Adds our metadata provider: in a template, Metaflow looked for extensions before this runtime was on the Python path."""
    from metaflow import plugins

    if all(each.TYPE != provider.TYPE for each in plugins.METADATA_PROVIDERS):
        plugins.METADATA_PROVIDERS.append(provider)


def remember_environment(environment: MetaflowEnvironment) -> None:
    """Caches what Metaflow records about the machine, since it would ask git and the platform three times per task."""
    found = {flag: environment.get_environment_info(include_ext_info=flag) for flag in (False, True)}
    environment.get_environment_info = lambda include_ext_info=False: dict(found[include_ext_info])


# ---------------------------------------------------------------------- in a task: once in its own process


def open_only(flow_datastore: FlowDataStore, records: InputRecords) -> None:
    """Lets a datastore open a task's inputs without asking the store about their attempts.

    Metaflow's own implementation builds wrong addresses for paths with an attempt if there are more than four paths.
    """

    def get_task_datastores(
        run_id: str | None = None, steps: list[str] | None = None, pathspecs: Iterable[str] | None = None, **_: object
    ) -> list[TaskDataStore]:
        opened = []
        for path in pathspecs or []:
            run, step, task, attempt = path.split("/")
            metadata = records.load_metadata(run, step, task, attempt)
            opened.append(flow_datastore.get_task_datastore(run, step, task, attempt=int(attempt), data_metadata=metadata))
        return opened

    flow_datastore.set_metadata_cache(records)
    flow_datastore.get_task_datastores = get_task_datastores


def before_persist(action: Callable[[FlowSpec], None]) -> None:
    """Calls `action` with the flow just before Metaflow persists its artifacts, because afterwards the flow object is empty."""
    from metaflow.datastore.task_datastore import TaskDataStore

    original = TaskDataStore.persist

    def persist(self: TaskDataStore, flow: FlowSpec) -> None:
        action(flow)
        original(self, flow)

    TaskDataStore.persist = persist


def expect_only(count: int) -> None:
    """Makes a foreach's join accept fewer inputs: Metaflow counts them, and those of failed items are missing."""
    from metaflow.datastore.task_datastore import TaskDataStore

    original = TaskDataStore.__getitem__

    def getitem(self: TaskDataStore, name: str) -> Any:
        value = original(self, name)
        if name != "_foreach_stack" or not value:
            return value
        return [*value[:-1], value[-1]._replace(num_splits=count)]

    TaskDataStore.__getitem__ = getitem


def allow_attempts(count: int) -> None:
    """Lifts the limit of six attempts, which Metaflow has because it probes the store for each. Here the records list them."""
    from metaflow import task

    task.MAX_ATTEMPTS = max(task.MAX_ATTEMPTS, count)


def task_with_secrets(secrets: dict[str, str | None]) -> type[MetaflowTask]:
    """Makes Metaflow's task for a flow whose secret parameters come with the task and whose files were read when the run began.

    `secrets`: values by name; they are in no artifact.
    """
    from metaflow.includefile import IncludeFile
    from metaflow.task import MetaflowTask

    IncludeFile.load_parameter = lambda self, text: text

    class Task(MetaflowTask):
        def _init_parameters(self, parameter_ds: TaskDataStore, passdown: bool = True) -> list[str]:
            names: list[str] = super()._init_parameters(parameter_ds, passdown)
            flow_class = type(self.flow)
            for name, value in secrets.items():
                # By now all parameters are properties of the class, so Metaflow does not persist them.
                refuse = getattr(flow_class, name).fset
                setattr(flow_class, name, property(_constant(value), refuse))
            return names

    return Task


def _constant(value: str | None) -> Callable[[object], str | None]:
    return lambda _: value


def mask_exceptions(secrets: Iterable[str]) -> None:
    """Masks secrets in a step's exception, because Metaflow makes an artifact of it for `catch`."""
    from metaflow.exception import MetaflowExceptionWrapper

    mask, wrap = Mask(secrets), MetaflowExceptionWrapper.__init__

    def wrap_masked(self: MetaflowExceptionWrapper, exc: BaseException | None = None) -> None:
        wrap(self, exc)
        if isinstance(exc, MemoryError) and not str(exc):
            self.exception = "out of memory"  # Python raises it without a text
        vars(self).update(mask.value(vars(self)))

    MetaflowExceptionWrapper.__init__ = wrap_masked


def catch_at_once(names: list[str], kinds_of: Callable[[BaseException], list[str]]) -> None:
    """Makes Metaflow's `@catch`, which waits for the last attempt, catch failures that `retry.on` does not list at once."""
    from metaflow.plugins.catch_decorator import CatchDecorator

    original = CatchDecorator.task_exception

    def task_exception(
        self: CatchDecorator,
        exception: BaseException,
        step: str,
        flow: FlowSpec,
        graph: object,
        retry_count: int,
        max_user_code_retries: int,
    ) -> bool:
        is_last = not any(kind in names for kind in kinds_of(exception))
        retries = retry_count if is_last else max_user_code_retries
        caught: bool = original(self, exception, step, flow, graph, retry_count, retries)
        return caught

    CatchDecorator.task_exception = task_exception


def catch_failure(reason: str) -> None:
    """Makes `@catch` handle a failure without an exception, such as a lost container: the exception that it keeps says why."""
    from metaflow.exception import MetaflowException
    from metaflow.plugins.catch_decorator import FailureHandledByCatch

    FailureHandledByCatch.__init__ = lambda self, retry_count: MetaflowException.__init__(self, reason)


def say_time_limit(limit_ms: int) -> None:
    """Replaces the message of `@timeout`, which contains the launcher's frames, by one that names the limit."""
    from metaflow.plugins.timeout_decorator import TimeoutDecorator, TimeoutException

    def interrupt(self: TimeoutDecorator, signum: int, frame: object) -> None:
        raise TimeoutException(f"{self.step_name} took longer than {limit_ms / 1000:g} s")

    TimeoutDecorator._sigalrm_handler = interrupt
