"""`main(args)`: one activation of a step action. The module keeps state between the activations of a container."""

from __future__ import annotations

import os
import socket
import sys
import tempfile
import time
import uuid
from typing import TYPE_CHECKING, Any

from . import sequence
from .clock import Clock
from .context import Context
from .contract.layout import RunLayout
from .contract.openwhisk import ACTION_TIME_DEFAULT_MS
from .contract.protocol import PASSED_ON_VARIABLES
from .envelope import check_size, from_arguments
from .execution.execute import Executor
from .execution.protect import IS_LINUX, hide_memory
from .execution.warm_processes import WarmGone
from .layers import ensure_layer
from .plan import Plan
from .protocol.container import Container
from .protocol.values.secret_parameters import SecretParameters
from .protocol.wiring import session_of
from .text import encodable, printable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .contract.formats import StoreSettings
    from .store import Store

RUNTIME_DIRECTORY = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FLOW_DIRECTORY = os.path.join(RUNTIME_DIRECTORY, "flow")


class Supervisor(Container):
    """The supervisor's state, for the life of the container."""

    def __init__(self) -> None:
        self.plan = Plan(FLOW_DIRECTORY)
        super().__init__(Executor(self.plan), SecretParameters(self.plan))
        self._store: Store | None = None
        self._settings: StoreSettings | None = None

    def fork_loader(self) -> None:
        """Forks the loader in a container that was itself forked from a template in which Metaflow is already imported."""
        from .execution import loader

        ours, theirs = socket.socketpair()
        pid = os.fork()
        if pid == 0:
            ours.close()
            loader.become(theirs, self.plan)
        theirs.close()
        self.executor.adopt(ours, pid)

    def store(self, settings: StoreSettings) -> Store:
        from .store import open_store  # opened after the loader is forked, because the store starts threads

        if self._store is None or settings != self._settings:
            self._settings = settings
            self._store = open_store(settings)
        return self._store


def main(arguments: dict[str, Any]) -> dict[str, Any]:
    """Takes an envelope and the bound parameters `store`, `user`, `layer` and `secrets`; returns the next envelope."""
    try:
        answer: dict[str, Any] = encodable(_advance(arguments))
        return answer
    except WarmGone as gone:
        print(f"nuvopipe: {gone}", file=sys.stderr)
        return {"error": printable(str(gone))}
    except Exception as error:
        if os.environ.get("NUVOPIPE_DEBUG"):
            raise
        from .store import explain

        print(f"nuvopipe: {type(error).__name__}: {error}", file=sys.stderr)
        return {"error": printable(explain(error)[:300])}


def _advance(arguments: dict[str, Any]) -> Mapping[str, Any]:
    store = container.store(arguments["store"])
    user = _metaflow_user(arguments)
    environment = _task_environment(arguments, store, user)
    deadline_ms = os.environ.get("__OW_DEADLINE")
    deadline = int(deadline_ms) / 1000 if deadline_ms else time.time() + ACTION_TIME_DEFAULT_MS / 1000
    container.executor.secrets = arguments.get("secrets") or {}
    by = os.environ.get("__OW_ACTIVATION_ID") or uuid.uuid4().hex
    if container.plan.is_sequence:
        envelope = sequence.envelope_of(container.plan, arguments, by, time.time())
        if sequence.is_over(envelope) or sequence.is_ahead(container.plan, envelope):
            return sequence.answer_of(container.plan, {**envelope, "used": envelope["used"] + 1})
    else:
        envelope = from_arguments(arguments)
    context = Context(
        plan=container.plan,
        store=store,
        layout=RunLayout(container.plan.flow, envelope["run"]),
        clock=Clock(),
        by=by,
        deadline=deadline,
        user=user,
        environment=environment,
        layer=arguments.get("layer") or "",
    )
    answer = session_of(context, container).advance(envelope)
    check_size(answer)
    return sequence.answer_of(container.plan, answer) if container.plan.is_sequence else answer


def _metaflow_user(arguments: dict[str, Any]) -> str:
    """The user that runs belong to. Metaflow refuses `root`."""
    user = arguments.get("user") or os.environ.get("__OW_NAMESPACE")
    return user if user and user != "root" else "nuvopipe"


def _task_environment(arguments: dict[str, Any], store: Store, user: str) -> dict[str, str]:
    """Returns the environment of every task. It points Metaflow, and `metaflow.S3` in user code, to the datastore."""
    settings = arguments["store"]
    environment = {name: os.environ[name] for name in PASSED_ON_VARIABLES if name in os.environ}
    environment |= {
        "METAFLOW_USER": user,
        "METAFLOW_RUNTIME_NAME": "nuvopipe",
        "METAFLOW_DEFAULT_DATASTORE": "s3",
        "METAFLOW_DEFAULT_METADATA": "nuvopipe",
        "METAFLOW_DATASTORE_SYSROOT_S3": store.root,
        # The default is the folder in which Metaflow was imported.
        "METAFLOW_ARTIFACT_LOCALROOT": tempfile.gettempdir(),
        # The cache of Metaflow's client is in a folder that other users of the machine cannot write to.
        "METAFLOW_CLIENT_CACHE_PATH": os.path.join(tempfile.gettempdir(), f"nuvopipe-client-{os.getuid()}"),
        "AWS_ACCESS_KEY_ID": settings["accessKeyId"],
        "AWS_SECRET_ACCESS_KEY": settings["secretAccessKey"],
        "AWS_DEFAULT_REGION": settings.get("region") or "us-east-1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    environment.setdefault("HOME", "/tmp")
    # Interpreters that a step starts find the Metaflow extension too.
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [RUNTIME_DIRECTORY, environment.get("PYTHONPATH")]))
    if settings.get("sessionToken"):
        environment["AWS_SESSION_TOKEN"] = settings["sessionToken"]
    if settings.get("endpoint"):
        environment["METAFLOW_S3_ENDPOINT_URL"] = settings["endpoint"]
        environment["AWS_ENDPOINT_URL_S3"] = settings["endpoint"]
    if arguments.get("layer"):
        layer = ensure_layer(store, arguments["layer"])
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, [layer, environment.get("PYTHONPATH")]))
    return environment


container = Supervisor()
hide_memory()
if "metaflow" in sys.modules and IS_LINUX:
    container.fork_loader()
