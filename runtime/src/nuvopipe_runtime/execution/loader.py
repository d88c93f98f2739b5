"""The loader: has imported Metaflow and the flow, and forks a warm process whenever the supervisor asks for one.

It has no threads and no connections of its own, or its forks would hang; it never holds the OpenWhisk key and never imports the
user's code. On its control socket it first receives its environment and answers that it is ready; then, for each warm process,
it receives one end of that process's control socket and answers the process id.
"""

import gc
import json
import os
import socket
import sys
import types

from . import warm
from .lifetime import die_with_parent
from .protect import forget, give_up_spying, hide_memory

FORK = b"w"
"""Sent with the descriptor of a warm process's control socket."""

DESCRIPTORS_MAX = 4096


class _Captured(BaseException):
    pass


def load_flow(plan):
    """Runs `flow.py` as the real `__main__`, so that pickles say `__main__.X` as they do under `python flow.py run`.

    Returns the flow, and what its steps import. The tasks import the user's modules themselves, later.
    """
    from metaflow.flowspec import FlowSpec
    from metaflow.tuple_util import ForeachFrame

    from .ahead import Ahead
    from .flow_graph import visit_steps_once
    from .source import compile_flow, parse_flow
    from .user_code import UserCode

    path = os.path.join(plan.directory, "flow.py")
    with open(os.path.join(plan.directory, plan.raw["source"]["file"]), encoding="utf-8") as file:
        source_text = file.read()
    sys.argv = [path]
    if plan.directory not in sys.path:
        sys.path.insert(0, plan.directory)
    captured = []
    original = FlowSpec.__init__

    def capture(self, use_cli=True):
        original(self, use_cli=False)
        if use_cli:
            captured.append(self)
            raise _Captured()

    FlowSpec.__init__ = capture
    visit_steps_once()
    module = types.ModuleType("__main__")
    module.__file__ = path
    module.ForeachFrame = ForeachFrame  # Metaflow pickles it as __main__.ForeachFrame
    sys.modules["__main__"] = module
    text, tree = parse_flow(path)
    code = UserCode(plan.directory)
    later = code.import_later(tree, module)
    ahead = Ahead(code, tree, plan.flow, later)
    try:
        exec(compile_flow(path, text, tree, plan, source_text), module.__dict__)
    except _Captured:
        pass
    finally:
        FlowSpec.__init__ = original
    return captured[0], ahead


def enter_cli(flow, path):
    """Goes through Metaflow's CLI up to its `step` command and returns the context object that command would run with."""
    from metaflow import parameters

    from .metadata import RecordedMetadata, offer_client
    from .storage import SupervisedStorage

    # Stays entered: click options of the CLI modules bind to the current flow when they are imported.
    parameters.flow_context(flow.__class__).__enter__()
    from metaflow import cli
    from metaflow._vendor import click
    from metaflow.cli_components import step_cmd

    cli.DATASTORES = [SupervisedStorage, *(d for d in cli.DATASTORES if d.TYPE != SupervisedStorage.TYPE)]
    offer_client()
    contexts = []
    original = step_cmd.step.callback
    step_cmd.step.callback = lambda *_, **__: contexts.append(click.get_current_context().obj)
    state = cli.CliState(flow)
    state.entrypoint = [sys.executable, path]
    top = [
        *("--quiet", "--no-pylint", "--environment", "local", "--datastore", SupervisedStorage.TYPE),
        *("--metadata", "local", "--event-logger", "nullSidecarLogger", "--monitor", "nullSidecarMonitor"),
    ]
    step = ["step", flow._graph.start_step, "--run-id", "0", "--task-id", "0", "--input-paths", "0/_parameters/0"]
    try:
        cli.start(args=[*top, *step], obj=state, auto_envvar_prefix="METAFLOW", standalone_mode=False)
    finally:
        step_cmd.step.callback = original
    context = contexts[0]
    _remember_environment(context.environment)
    context.metadata = RecordedMetadata(context.environment, context.flow, context.event_logger, context.monitor)
    context.flow_datastore.metadata = context.metadata
    return context


def _remember_environment(environment):
    """What Metaflow says of the machine in each task's metadata: it asks git and the platform three times a task."""
    told = {flag: environment.get_environment_info(include_ext_info=flag) for flag in (False, True)}
    environment.get_environment_info = lambda include_ext_info=False: dict(told[include_ext_info])


def warm_up(plan):
    """Everything a task needs, loaded once; what tasks import lazily is imported here, so that forks share it."""
    import concurrent.futures.thread  # noqa: F401
    import encodings.idna  # noqa: F401
    import gzip  # noqa: F401
    import pickle  # noqa: F401
    import uuid  # noqa: F401

    import metaflow.client  # noqa: F401

    from . import task  # noqa: F401

    flow, ahead = load_flow(plan)
    return enter_cli(flow, os.path.join(plan.directory, "flow.py")), ahead


def serve(control, plan):
    """Runs until the supervisor is gone. If the flow cannot be loaded, every task reports it."""
    _take_environment(json.loads(control.makefile("rb", buffering=0).readline()))
    try:
        context, ahead = warm_up(plan)
    except BaseException as error:
        context, ahead = error, None
    gc.collect()
    gc.freeze()
    control.sendall(json.dumps({"ready": True}).encode() + b"\n")
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, 1, 1)
        if not message:
            os._exit(0)
        pid = os.fork()
        if pid == 0:
            control.close()
            warm.serve(socket.socket(fileno=descriptors[0]), context, ahead, plan)
        os.close(descriptors[0])
        control.sendall(json.dumps({"pid": pid}).encode() + b"\n")
        _bury()


def _bury():
    """Warm processes that have ended."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def _keep_only(descriptor):
    """A task must not find the launcher's descriptors among its own: they carry the activations' arguments and answers."""
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    os.closerange(3, descriptor)
    os.closerange(descriptor + 1, DESCRIPTORS_MAX)


def _take_environment(environment):
    os.environ.clear()
    os.environ.update(environment)
    for path in reversed(environment.get("PYTHONPATH", "").split(os.pathsep)):
        if path and path not in sys.path:
            sys.path.insert(0, path)
    if "metaflow.metaflow_config" in sys.modules:
        _refresh_configuration()


def _refresh_configuration():
    """A template that imported Metaflow did so under another environment: its settings are read again, everywhere."""
    import importlib

    configuration = importlib.reload(sys.modules["metaflow.metaflow_config"])
    settings = {name: value for name, value in vars(configuration).items() if name.isupper()}
    for name, module in list(sys.modules.items()):
        if name.startswith("metaflow.") and module is not configuration:
            for setting in settings.keys() & vars(module).keys():
                setattr(module, setting, settings[setting])


def become(control, plan):
    """Never returns: this process is the loader from here on. One forked of the supervisor forgets the OpenWhisk key."""
    try:
        die_with_parent()
        give_up_spying()
        key = os.environ.get("__OW_API_KEY")
        if key:
            hide_memory(False)  # or its own memory is closed to a process that is not root
            forget(key)
        _keep_only(control.fileno())
        serve(control, plan)
    finally:
        os._exit(1)


def main(descriptor, directory):
    from ..plan import Plan

    become(socket.socket(fileno=descriptor), Plan(directory))


if __name__ == "__main__":
    from . import loader

    loader.main(int(sys.argv[1]), sys.argv[2])
