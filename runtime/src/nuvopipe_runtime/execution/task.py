"""One task, in a fork of the warm process: the user's code under Metaflow's own `MetaflowTask`."""

import contextlib
import io
import json
import os
import random
import socket
import sys
import traceback

from ..contract.protocol import TIMEOUT
from .blobs import TaskBlobs
from .caught import allow_attempts, catch_at_once, catch_failure
from .connections import Connections
from .failure import failure_of
from .flow_parameters import set_parameters, task_type, with_bytes
from .json_form import arguments_of, outputs_of
from .lifetime import die_with_parent, end_as_python_does
from .masking import Mask
from .protect import hide_memory
from .storage import SupervisedStorage, give_inputs, parse_data
from .time_limit import say_time_limit
from .wire import Wire


def run(context, plan, ahead, directory, wire_descriptor, door_descriptor, stdout_descriptor, stderr_descriptor):
    """Never returns. Tells the supervisor how it went, as far as the user's code lets it. `directory` is the task's own."""
    status, pid = 1, os.getpid()
    try:
        _become_task(stdout_descriptor, stderr_descriptor)
        wire = Wire(socket.socket(fileno=wire_descriptor))
        SupervisedStorage.connections = Connections(wire, socket.socket(fileno=door_descriptor))
        header, request, sent = _receive(wire)
        if not isinstance(context, BaseException):
            blobs = TaskBlobs(plan.flow, SupervisedStorage.connections, sent)
            context.flow_datastore.ca_store.set_blob_cache(blobs)
        status, outcome = _answer(context, plan, ahead, directory, header["op"], request)
        end_as_python_does()
        if os.getpid() == pid:
            wire.send({"op": "end", "ok": status == 0}, json.dumps(outcome).encode())
    except BaseException:
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):  # they may be anything of the step's by now
                stream.flush()
        os._exit(status)


def _receive(wire):
    """(header, request, what came with it) of the request that this task is for."""
    header, body = wire.receive()
    request = json.loads(body)
    sent = {}
    for _ in range(header["along"]):
        along, data = wire.receive()
        sent[along["key"]] = along["attributes"], data
    return header, request, sent


def _become_task(stdout_descriptor, stderr_descriptor):
    os.setpgid(0, 0)
    die_with_parent()
    hide_memory(False)
    os.dup2(stdout_descriptor, 1)
    os.dup2(stderr_descriptor, 2)
    os.close(stdout_descriptor)
    os.close(stderr_descriptor)
    sys.stdout, sys.stderr = _text_stream(1), _text_stream(2)
    # Every fork would otherwise draw the same random numbers.
    random.seed()
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        numpy.random.seed()


def _text_stream(descriptor):
    """Takes any text; does not close the descriptor when the step puts another stream in its place."""
    file = io.FileIO(descriptor, "w", closefd=False)
    return io.TextIOWrapper(file, encoding="utf-8", errors="backslashreplace", write_through=True)


def _answer(context, plan, ahead, directory, operation, request):
    """(the process's exit code, what the supervisor gets to know)."""
    if isinstance(context, BaseException):
        return 1, failure_of(context, _kinds(context), plan, directory)
    _take_place(ahead, directory)
    SupervisedStorage.datastore_root = request["root"]
    context.flow_datastore._storage_impl.datastore_root = request["root"]
    context.metadata.add_sticky_tags(tags=request["tags"])
    result = {}
    try:
        OPERATIONS[operation](context, request, result)
    except BaseException as error:
        return 1, _state(context) | failure_of(error, _kinds(error), plan, directory, request.get("step"))
    result.update(_state(context))
    result["splits"] = getattr(context.flow, "_foreach_num_splits", None)
    return 0, result


def _take_place(ahead, directory):
    """The flow's files are where the task works, as for `python flow.py run`."""
    os.chdir(directory)
    ahead.code.enter(directory)
    sys.modules["__main__"].__file__ = os.path.join(directory, "flow.py")
    sys.argv = [sys.modules["__main__"].__file__]


def _init(context, request, result):
    """Metaflow's `init`: the parameters become artifacts of the pseudo task `_parameters`."""
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


def _step(context, request, result):
    from metaflow.cli_args import cli_args

    _keep_outputs(request, result)
    _mask_exceptions([*(os.environ[name] for name in request["secretNames"]), *filter(None, request["secrets"].values())])
    say_time_limit(request["timeoutMs"])
    paths = give_inputs(context.flow_datastore, request)
    _put_in_place(context.flow, request, paths)
    allow_attempts(request["attempt"] + 1)
    names = {"run": "run_id", "task": "task_id", "split": "split_index", "attempt": "retry_count"}
    cli_args._set_step_kwargs({names[key]: request[key] for key in names} | {"input_paths": ",".join(paths[:1])})
    task_type(request["secrets"])(
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


def _mask_exceptions(secrets):
    """Metaflow makes an artifact of a step's exception, also where the step is to `catch` it."""
    from metaflow.exception import MetaflowExceptionWrapper

    mask, wrap = Mask(secrets), MetaflowExceptionWrapper.__init__

    def wrap_masked(self, exc=None):
        wrap(self, exc)
        if isinstance(exc, MemoryError) and not str(exc):
            self.exception = "out of memory"  # Python gives it no text
        vars(self).update(mask.value(vars(self)))

    MetaflowExceptionWrapper.__init__ = wrap_masked


def _arguments(context, request, result):
    """What an action or a flow is given: it is made of artifacts, so here."""
    paths = give_inputs(context.flow_datastore, request)
    flow, inputs = context.flow, context.flow_datastore.get_task_datastores(pathspecs=paths)
    flow._set_datastore(inputs[0])
    task = task_type(request["secrets"])(flow, context.flow_datastore, context.metadata, *[None] * 5)
    task._init_foreach(request["step"], None, inputs, request["split"])
    task._init_parameters(inputs[0], passdown=False)
    if "failure" in request:
        flow.failure = request["failure"]
    arguments = getattr(sys.modules["__main__"], "_with_" + request["step"])(flow)
    result["arguments"] = arguments_of(arguments, request["throughConductor"])


def _put_in_place(flow, request, paths):
    """What a compiled `flow.py` leaves to the runtime: the answer of an action or a flow, failures."""
    module = sys.modules["__main__"]
    module._pause = lambda seconds, case: case
    if "answer" in request:
        module._invoke = module._start_flow = lambda *_, **__: request["answer"]
    if "failures" in request:
        module._failures = lambda: request["failures"]
        _expect_only(len(paths))
    if "failure" in request:
        flow.failure = request["failure"]
    if request.get("reason"):
        catch_failure(request["reason"])
    if request.get("turns"):
        flow._turns = request["turns"]  # a join has nothing of what was before it, and its loop goes on counting
    if request["retryOn"]:
        catch_at_once(request["retryOn"], _kinds)


def _expect_only(count):
    """Metaflow's join of a foreach counts its inputs; here, those that failed are not among them."""
    from metaflow.datastore.task_datastore import TaskDataStore

    original = TaskDataStore.__getitem__

    def getitem(self, name):
        value = original(self, name)
        if name != "_foreach_stack" or not value:
            return value
        return [*value[:-1], value[-1]._replace(num_splits=count)]

    TaskDataStore.__getitem__ = getitem


def _kinds(error):
    """What `retry.on` may call an exception: its classes, by name and with their module; a time-out."""
    classes = [cls for cls in type(error).__mro__ if cls is not object]
    kinds = [name for cls in classes for name in (cls.__name__, f"{cls.__module__}.{cls.__qualname__}")]
    return [TIMEOUT, *kinds] if "metaflow.plugins.timeout_decorator.TimeoutException" in kinds else kinds


OPERATIONS = {"init": _init, "step": _step, "arguments": _arguments}
"""What a task may be asked for: each takes the warm context and the request, and adds to the result."""


def _keep_outputs(request, result):
    """Takes the outputs as JSON just before Metaflow persists the artifacts: afterwards the flow object is empty."""
    if not request["outputs"]:
        return
    from metaflow.datastore.task_datastore import TaskDataStore

    persist = TaskDataStore.persist

    def keep(self, flow):
        if flow._success:
            task = "/".join((flow.name, request["run"], request["step"], request["task"]))
            result["outputs"], result["exact"] = outputs_of(flow, request["outputs"], task)
        return persist(self, flow)

    TaskDataStore.persist = keep


def _state(context):
    """What of the task is worth a record even when it failed: Metaflow persists a failed task's artifacts too."""
    state = {"metadata": context.metadata.records, "objects": {}, "info": {}}
    if SupervisedStorage.data is not None:
        state["objects"], state["info"] = parse_data(SupervisedStorage.data)
    return state
