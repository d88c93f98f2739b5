"""One task, in a fork of the warm process: the user's code under Metaflow's own `MetaflowTask`."""

from __future__ import annotations

import contextlib
import io
import json
import os
import random
import socket
import sys
import traceback
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from ..contract.protocol import TIMEOUT
from . import metaflow_patches
from .blobs import TaskBlobs
from .connections import Connections
from .failure import failure_of
from .flow_parameters import set_parameters, with_bytes
from .json_form import arguments_of, outputs_of
from .lifetime import end_as_python_does
from .protect import hide_memory
from .storage import SupervisedStorage, give_inputs, parse_data
from .wire import Wire

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from metaflow import FlowSpec
    from metaflow.cli import CliState

    from ..plan import Plan
    from .ahead import Ahead
    from .blobs import BlobAttributes
    from .loader import Loaded
    from .request import Outcome, Request
    from .wire import Header

    Operation: TypeAlias = Callable[[CliState, Request, Outcome], None]


class Descriptors(NamedTuple):
    """File descriptors that a task starts with."""

    wire: int
    door: int
    stdout: int
    stderr: int


def run(loaded: Loaded, plan: Plan, directory: str, descriptors: Descriptors) -> NoReturn:
    """Runs the task and sends its result to the supervisor, if the user's code allows it. `directory` is the task's own."""
    status, pid = 1, os.getpid()
    try:
        _become_task(descriptors)
        wire = Wire(socket.socket(fileno=descriptors.wire))
        SupervisedStorage.connections = Connections(wire, socket.socket(fileno=descriptors.door))
        operation, request, sent = _receive(wire)
        if loaded.context is not None:
            blobs = TaskBlobs(plan.flow, SupervisedStorage.connections, sent)
            loaded.context.flow_datastore.ca_store.set_blob_cache(blobs)
        status, outcome = _answer(loaded, plan, directory, operation, request)
        end_as_python_does()
        if os.getpid() == pid:
            wire.send({"op": "end", "ok": status == 0}, json.dumps(outcome).encode())
    except BaseException:
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):  # by now the step may have replaced them with anything
                stream.flush()
        os._exit(status)


def _receive(wire: Wire) -> tuple[str, Request, dict[str, tuple[BlobAttributes | None, bytes]]]:
    """Returns (operation, request, artifacts that came with it)."""
    header, body = _frame(wire)
    sent = {}
    for _ in range(header["along"]):
        along, data = _frame(wire)
        sent[along["key"]] = along["attributes"], data
    return header["op"], json.loads(body), sent


def _frame(wire: Wire) -> tuple[Header, bytes]:
    frame = wire.receive()
    if frame is None:
        raise OSError("the step's supervisor is gone")
    return frame


def _become_task(descriptors: Descriptors) -> None:
    os.setpgid(0, 0)
    hide_memory(False)
    os.dup2(descriptors.stdout, 1)
    os.dup2(descriptors.stderr, 2)
    os.close(descriptors.stdout)
    os.close(descriptors.stderr)
    # Descriptors received through a socket are inheritable: a program that outlives the task would keep the wire open.
    for descriptor in (descriptors.wire, descriptors.door):
        os.set_inheritable(descriptor, False)
    sys.stdout, sys.stderr = _text_stream(1), _text_stream(2)
    # Otherwise every fork would draw the same random numbers.
    random.seed()
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        numpy.random.seed()


def _text_stream(descriptor: int) -> io.TextIOWrapper:
    """Returns a stream that accepts any text, and leaves the descriptor open if the step replaces the stream."""
    file = io.FileIO(descriptor, "w", closefd=False)
    return io.TextIOWrapper(file, encoding="utf-8", errors="backslashreplace", write_through=True)


def _answer(loaded: Loaded, plan: Plan, directory: str, operation: str, request: Request) -> tuple[int, Outcome]:
    """Returns (exit code of the process, answer to the supervisor)."""
    context, ahead = loaded.context, loaded.ahead
    if context is None or ahead is None:
        error = loaded.error or RuntimeError("the flow has not been loaded")
        return 1, failure_of(error, _kinds(error), plan, directory)
    _take_place(ahead, directory)
    SupervisedStorage.datastore_root = request["root"]
    context.flow_datastore._storage_impl.datastore_root = request["root"]
    context.metadata.add_sticky_tags(tags=request["tags"])
    result: Outcome = {}
    try:
        OPERATIONS[operation](context, request, result)
    except BaseException as error:
        failure = failure_of(error, _kinds(error), plan, directory, request.get("step"))
        return 1, {**_state(context), **failure}
    result.update(_state(context))
    result["splits"] = getattr(context.flow, "_foreach_num_splits", None)
    return 0, result


def _take_place(ahead: Ahead, directory: str) -> None:
    """Makes the task's directory the one from which the flow's files are used, as for `python flow.py run`."""
    os.chdir(directory)
    ahead.code.enter(directory)
    path = os.path.join(directory, "flow.py")
    sys.modules["__main__"].__file__ = path
    sys.argv = [path]


def _init(context: CliState, request: Request, result: Outcome) -> None:
    """Does what Metaflow's `init` does: stores the parameters as artifacts of the pseudo task `_parameters`."""
    from metaflow.metadata_provider import MetaDatum

    run, task = request["run"], request["task"]
    flow, graph = context.flow, context.graph
    context.metadata.register_task_id(run, "_parameters", task, 0)
    set_parameters(context, with_bytes(request["parameters"], request["binary"]))
    flow._task_ok = flow._success = True
    flow._foreach_stack = []
    output = context.flow_datastore.get_task_datastore(run, "_parameters", task, attempt=0, mode="w")
    output.init_task()
    output.persist(flow)
    output.done()
    tags = ["attempt_id:0"]
    facts = {
        "attempt": "0",
        "ds-type": context.flow_datastore.TYPE,
        "ds-root": request["root"],
        "attempt_ok": "True",
        "start_step": graph.start_step,
        "end_step": graph.end_step,
    }
    types = {"attempt_ok": "internal_attempt_status", "start_step": "graph_structure", "end_step": "graph_structure"}
    context.metadata.register_metadata(
        run,
        "_parameters",
        task,
        [MetaDatum(field=k, value=v, type=types.get(k, k), tags=tags) for k, v in facts.items()],
    )


def _step(context: CliState, request: Request, result: Outcome) -> None:
    from metaflow.cli_args import cli_args

    _keep_outputs(request, result)
    secrets = [*(os.environ[name] for name in request["secretNames"]), *filter(None, request["secrets"].values())]
    metaflow_patches.mask_exceptions(secrets)
    metaflow_patches.say_time_limit(request["timeoutMs"])
    paths = give_inputs(context.flow_datastore, request)
    _put_in_place(context.flow, request, paths)
    metaflow_patches.allow_attempts(request["attempt"] + 1)
    options = {"run_id": request["run"], "task_id": request["task"], "split_index": request["split"]}
    cli_args._set_step_kwargs(options | {"retry_count": request["attempt"], "input_paths": ",".join(paths[:1])})
    metaflow_patches.task_with_secrets(request["secrets"])(
        context.flow,
        context.flow_datastore,
        context.metadata,
        context.environment,
        context.echo,
        context.event_logger,
        context.monitor,
        None,
    ).run_step(
        request["step"],
        request["run"],
        request["task"],
        request.get("origin"),
        paths,
        request["split"],
        request["attempt"],
        request["retries"],
    )
    transition = getattr(context.flow, "_transition", None)
    if transition and len(transition[0]) == 1:
        result["chose"] = transition[0][0]


def _arguments(context: CliState, request: Request, result: Outcome) -> None:
    """Makes the arguments of the action or flow that a step calls from artifacts."""
    paths = give_inputs(context.flow_datastore, request)
    flow, inputs = context.flow, context.flow_datastore.get_task_datastores(pathspecs=paths)
    flow._set_datastore(inputs[0])
    task_type = metaflow_patches.task_with_secrets(request["secrets"])
    task = task_type(flow, context.flow_datastore, context.metadata, *[None] * 5)
    task._init_foreach(request["step"], None, inputs, request["split"])
    task._init_parameters(inputs[0], passdown=False)
    if "failure" in request:
        flow.failure = request["failure"]
    arguments = getattr(sys.modules["__main__"], "_with_" + request["step"])(flow)
    result["arguments"] = arguments_of(arguments, request["throughConductor"])


def _put_in_place(flow: FlowSpec, request: Request, paths: list[str]) -> None:
    """Replaces the helpers that a compiled `flow.py` leaves to the runtime: answers of actions and flows, failures, pauses."""
    module = vars(sys.modules["__main__"])
    module["_pause"] = lambda seconds, case: case
    if "answer" in request:
        module["_invoke"] = module["_start_flow"] = lambda *_, **__: request["answer"]
    if "failures" in request:
        module["_failures"] = lambda: request["failures"]
        metaflow_patches.expect_only(len(paths))
    if "failure" in request:
        flow.failure = request["failure"]
    if reason := request.get("reason"):
        metaflow_patches.catch_failure(reason)
    if turns := request.get("turns"):
        flow._turns = turns  # a join inherits no artifacts, but its loop must continue to count
    if request["retryOn"]:
        metaflow_patches.catch_at_once(request["retryOn"], _kinds)


def _kinds(error: BaseException) -> list[str]:
    """Names that `retry.on` can use for an exception: its classes, with and without their module, and `timeout`."""
    classes = [cls for cls in type(error).__mro__ if cls is not object]
    kinds = [name for cls in classes for name in (cls.__name__, f"{cls.__module__}.{cls.__qualname__}")]
    return [TIMEOUT, *kinds] if "metaflow.plugins.timeout_decorator.TimeoutException" in kinds else kinds


OPERATIONS: dict[str, Operation] = {"init": _init, "step": _step, "arguments": _arguments}
"""Operations of a task. Each takes the warm context and the request, and adds to the result."""


def _keep_outputs(request: Request, result: Outcome) -> None:
    """Keeps the outputs as JSON before the flow object loses them."""
    if not request["outputs"]:
        return

    def keep(flow: FlowSpec) -> None:
        if flow._success:
            task = "/".join((flow.name, request["run"], request["step"], request["task"]))
            result["outputs"], result["exact"] = outputs_of(flow, request["outputs"], task)

    metaflow_patches.before_persist(keep)


def _state(context: CliState) -> Outcome:
    """The part of a task's record that is kept even if the task failed: Metaflow also persists a failed task's artifacts."""
    state: Outcome = {"metadata": context.metadata.records, "objects": {}, "info": {}}
    if SupervisedStorage.data is not None:
        state["objects"], state["info"] = parse_data(SupervisedStorage.data)
    return state
