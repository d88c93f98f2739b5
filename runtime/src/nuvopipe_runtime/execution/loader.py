"""The loader: has imported Metaflow and the flow, and forks a warm process whenever the supervisor asks for one.

It has no threads and no connections, because its forks would hang; it never holds secrets of steps and never imports the
user's code. On its control socket it first receives its environment and answers that it is ready; then, for each warm process,
it receives one end of that process's control socket and answers the process id.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import socket
import sys
import types
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, NoReturn

from . import metaflow_patches, warm
from .lifetime import die_with_parent, run_to_end, say
from .protect import give_up_spying

if TYPE_CHECKING:
    from metaflow import FlowSpec
    from metaflow.cli import CliState

    from ..plan import Plan
    from .ahead import Ahead

FORK = b"w"
"""Sent with the descriptor of a warm process's control socket."""

EXIT_CODE = b"x"
"""Sent with the process ID of a warm process on a line; answered with `{code}` once that process has ended."""

DESCRIPTORS_MAX = 4096


@dataclass(frozen=True)
class Loaded:
    """A loaded flow as tasks need it, or the error with which loading failed."""

    context: CliState | None = None
    """Context object of Metaflow's command line: flow, graph, datastore, metadata, environment."""
    ahead: Ahead | None = None
    error: BaseException | None = None


def load_flow(plan: Plan) -> tuple[FlowSpec, Ahead]:
    """Runs `flow.py` as the real `__main__`, so that pickles refer to `__main__.X` as they do under `python flow.py run`.

    Returns the flow and the imports of its steps. Tasks import the user's modules themselves, later.
    """
    from metaflow.tuple_util import ForeachFrame

    from .ahead import Ahead
    from .source import compile_flow, parse_flow
    from .user_code import UserCode

    path = os.path.join(plan.directory, "flow.py")
    with open(os.path.join(plan.directory, plan.raw["source"]["file"]), encoding="utf-8") as file:
        source_text = file.read()
    sys.argv = [path]
    if plan.directory not in sys.path:
        sys.path.insert(0, plan.directory)
    metaflow_patches.visit_steps_once()
    module = types.ModuleType("__main__")
    module.__file__ = path
    vars(module)["ForeachFrame"] = ForeachFrame  # Metaflow pickles it as __main__.ForeachFrame
    sys.modules["__main__"] = module
    text, tree = parse_flow(path)
    code = UserCode(plan.directory)
    later = code.import_later(tree, module)
    ahead = Ahead(code, tree, plan.flow, later)
    with metaflow_patches.captured_flow() as captured:
        exec(compile_flow(path, text, tree, plan, source_text), module.__dict__)
    return captured[0], ahead


def enter_cli(flow: FlowSpec, path: str) -> CliState:
    """Runs Metaflow's CLI up to its `step` command and returns the context object with which that command would run."""
    from metaflow import parameters

    from metaflow_extensions.nuvopipe.plugins.records_metadata.provider import RecordsMetadata

    from .metadata import RecordedMetadata
    from .storage import SupervisedStorage

    # The context stays entered: click options of the CLI modules bind to the current flow when they are imported.
    parameters.flow_context(flow.__class__).__enter__()
    from metaflow import cli

    metaflow_patches.use_storage(SupervisedStorage)
    metaflow_patches.offer_metadata(RecordsMetadata)
    state = cli.CliState(flow)
    state.entrypoint = [sys.executable, path]
    top = [
        *("--quiet", "--no-pylint", "--environment", "local", "--datastore", SupervisedStorage.TYPE),
        *("--metadata", "local", "--event-logger", "nullSidecarLogger", "--monitor", "nullSidecarMonitor"),
    ]
    step = ["step", flow._graph.start_step, "--run-id", "0", "--task-id", "0", "--input-paths", "0/_parameters/0"]
    with metaflow_patches.captured_step_context() as contexts:
        cli.start(args=[*top, *step], obj=state, auto_envvar_prefix="METAFLOW", standalone_mode=False)
    context = contexts[0]
    metaflow_patches.remember_environment(context.environment)
    context.metadata = RecordedMetadata(context.environment, context.flow, context.event_logger, context.monitor)
    context.flow_datastore.metadata = context.metadata
    return context


def warm_up(plan: Plan) -> Loaded:
    """Loads what every task needs, including modules that tasks import lazily, so that forks share it."""
    import concurrent.futures.thread  # noqa: F401
    import encodings.idna  # noqa: F401
    import gzip  # noqa: F401
    import pickle  # noqa: F401
    import uuid  # noqa: F401

    import metaflow.client  # noqa: F401

    from . import task  # noqa: F401

    metaflow_patches.check()
    flow, ahead = load_flow(plan)
    return Loaded(enter_cli(flow, os.path.join(plan.directory, "flow.py")), ahead)


def serve(control: socket.socket, plan: Plan) -> None:
    """Serves until the supervisor closes the control socket. If the flow cannot be loaded, every task reports the error."""
    lines = control.makefile("rb", buffering=0)
    _take_environment(json.loads(lines.readline()))
    try:
        loaded = warm_up(plan)
    except BaseException as error:
        loaded = Loaded(error=error)
    gc.collect()
    gc.freeze()
    say(control, {"ready": True})
    codes: dict[int, int] = {}
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, 1, 1)
        if not message:
            return
        if message == EXIT_CODE:
            pid = json.loads(lines.readline())
            _bury(codes, pid)
            say(control, {"code": codes.pop(pid, None)})
            continue
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            die_with_parent(parent)
            lines.close()
            control.close()
            theirs = socket.socket(fileno=descriptors[0])
            theirs.set_inheritable(False)
            run_to_end(partial(warm.serve, theirs, loaded, plan), theirs)
        os.close(descriptors[0])
        say(control, {"pid": pid})
        _bury(codes)


def _bury(codes: dict[int, int], wanted: int | None = None) -> None:
    """Collects the exit codes of warm processes that have ended, and waits for the process that is asked for."""
    with contextlib.suppress(ChildProcessError):
        if wanted is not None and wanted not in codes:
            codes[wanted] = os.waitstatus_to_exitcode(os.waitpid(wanted, 0)[1])
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            codes[ended[0]] = os.waitstatus_to_exitcode(ended[1])


def _keep_only(descriptor: int) -> None:
    """Closes inherited descriptors: tasks must not get the launcher's, which carry the activations' arguments and answers."""
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    os.closerange(3, descriptor)
    os.closerange(descriptor + 1, DESCRIPTORS_MAX)


def _take_environment(environment: dict[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    for path in reversed(environment.get("PYTHONPATH", "").split(os.pathsep)):
        if path and path not in sys.path:
            sys.path.insert(0, path)
    if "metaflow" in sys.modules:
        metaflow_patches.reload_configuration()


def become(control: socket.socket, plan: Plan) -> NoReturn:
    """Makes this process the loader."""
    run_to_end(partial(_become, control, plan), control)


def _become(control: socket.socket, plan: Plan) -> None:
    die_with_parent()
    give_up_spying()
    _keep_only(control.fileno())
    control.set_inheritable(False)
    serve(control, plan)


def main(descriptor: int, directory: str) -> NoReturn:
    from ..plan import Plan

    control = socket.socket(fileno=descriptor)
    run_to_end(lambda: _become(control, Plan(directory)), control)


if __name__ == "__main__":
    from . import loader

    loader.main(int(sys.argv[1]), sys.argv[2])
