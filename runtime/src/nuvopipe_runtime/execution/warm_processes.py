"""The supervisor's side of loaders and warm processes: starts, keeps and replaces them."""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import OrderedDict
from pathlib import Path

from ..store import to_json
from . import loader, warm

WARM_MAX = 4
"""Warm processes of a container, one a set of variables; they share most of their memory."""

LOADERS_MAX = 2
"""Each has Metaflow in some sixty megabytes of its own."""

READ_BY_INTERPRETER = ("PYTHON", "LD_", "LC_", "LANG", "MALLOC_", "GLIBC_", "METAFLOW_")
"""Prefixes of variables that Python, the C library or Metaflow reads at start: tasks that have one are forks of an interpreter
that was started with it."""

IMPORT_MAX_S = 60
"""For all imports ahead of a step. A library that takes longer is imported by the step, within its time limit."""

HASH_SEED = {"PYTHONHASHSEED": "0"}
"""Sets of strings are pickled in hash order: with the same seed in every process, equal sets make equal artifacts."""


class WarmGone(Exception):
    """A process of the container ended: it could not start, or was killed."""


class WarmProcesses:
    LOADER = "nuvopipe_runtime.execution.loader"
    """What a loader runs, where it is started here."""

    def __init__(self, plan):
        self._plan = plan
        self._loaders = OrderedDict()
        self._warm = OrderedDict()
        self._unsafe = set()
        """Libraries that only tasks may import."""

    def adopt(self, control):
        """Uses a loader that has been forked already, instead of starting one."""
        self._loaders[()] = _Loader(control)

    def close(self):
        for process in (*self._warm.values(), *self._loaders.values()):
            process.close()
        self._warm.clear()
        self._loaders.clear()

    def ready_for(self, step, environment, variables, deadline):
        """The warm process for these variables, with the libraries of the step imported; none if `step` is None."""
        key = tuple(sorted(_with_our_path(variables, environment).items()))
        while True:
            if key in self._warm and not self._warm[key].is_alive():
                self._warm.pop(key).close()
            process = self._warm.get(key) or self._start(key, environment)
            self._warm.move_to_end(key)
            if step is None:
                return process
            unsafe = process.prepare(step, self._unsafe, min(deadline, time.time() + IMPORT_MAX_S))
            if not unsafe:
                return process
            self._unsafe |= unsafe
            self._warm.pop(key).close()

    def forget(self, process):
        """Drops a warm process that ended: a task, which is the user's code, may have killed it."""
        for key in [key for key, each in self._warm.items() if each is process]:
            del self._warm[key]
        process.close()

    def _start(self, key, environment):
        _make_room(self._warm, WARM_MAX)
        variables = dict(key)
        early = tuple(item for item in key if item[0].startswith(READ_BY_INTERPRETER))
        try:
            process = self._loader(early, environment).fork(variables)
        except WarmGone:
            self._loaders.pop(early).close()
            process = self._loader(early, environment).fork(variables)
        self._warm[key] = process
        return process

    def _loader(self, early, environment):
        found = self._loaders.get(early)
        if found is None:
            _make_room(self._loaders, LOADERS_MAX)
            found = self._loaders[early] = _spawn(self.LOADER, self._plan, {**environment, **dict(early)})
        self._loaders.move_to_end(early)
        found.ensure({**HASH_SEED, **environment, **dict(early)})
        return found


class _Process:
    """One end of a control socket."""

    def __init__(self, control):
        self._control = control
        # Unbuffered: a selector watches the socket, so no line may hide in a buffer.
        self._answers = control.makefile("rb", buffering=0)

    def fileno(self):
        return self._control.fileno()

    def answer(self):
        line = self._answers.readline()
        if not line:
            raise WarmGone("the step's Python process ended" + self._last_words())
        return json.loads(line)

    def send(self, data, descriptors=()):
        try:
            if descriptors:
                socket.send_fds(self._control, [data], descriptors)
            else:
                self._control.sendall(data)
        except (BrokenPipeError, ConnectionError):
            raise WarmGone("the step's Python process ended" + self._last_words()) from None

    def _last_words(self):
        return ""

    def close(self):
        self._answers.close()
        self._control.close()


class _Loader(_Process):
    def __init__(self, control, process=None, errors=None):
        super().__init__(control)
        self._process = process
        self._errors = errors
        self._is_ready = False

    def ensure(self, environment):
        """Tells it its environment, once, and waits until it has loaded the flow."""
        if not self._is_ready:
            self.send(to_json(environment) + b"\n")
            self._is_ready = self.answer()["ready"]

    def fork(self, variables):
        ours, theirs = socket.socketpair()
        with theirs:
            self.send(loader.FORK, [theirs.fileno()])
        process = WarmProcess(ours, self.answer()["pid"])
        process.send(to_json(variables) + b"\n")
        return process

    def _last_words(self):
        """The last line of what it wrote to stderr, which is nowhere else: the activation has no log."""
        if self._errors is None:
            return ""
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        return f": {lines[-1]}" if lines else ""

    def close(self):
        super().close()
        if self._process is not None:
            self._process.wait()
            self._errors.close()


class WarmProcess(_Process):
    def __init__(self, control, pid):
        super().__init__(control)
        self._pid = pid
        self._prepared = set()

    def is_alive(self):
        """It never speaks first, so anything to read is the end of the stream."""
        return not select.select([self], [], [], 0)[0]

    def prepare(self, step, without, deadline):
        """Has it import a step's libraries. Returns those that proved unsafe; then this process must be closed."""
        if step in self._prepared:
            return set()
        importing = set()
        try:
            self.send(warm.PREPARE + to_json({"step": step, "without": sorted(without)}) + b"\n")
            while select.select([self], [], [], max(0.0, deadline - time.time()))[0]:
                answer = self.answer()
                if "ready" in answer:
                    self._prepared.add(step)
                    return set()
                if "unsafe" in answer:
                    return {answer["unsafe"]}
                importing = {answer["importing"]}
            os.kill(self._pid, signal.SIGKILL)
        except WarmGone:
            if not importing:
                raise
        return importing

    def fork(self, descriptors):
        """The process id of a new task, which gets the descriptors: its wire, door, stdout and stderr."""
        self.send(warm.FORK, descriptors)
        return self.answer()["pid"]

    def wait_status(self):
        """Of the task, once it has ended."""
        try:
            return self.answer()["status"]
        except WarmGone:
            return signal.SIGKILL  # the step has ended its own parent, and with it itself


def _spawn(module, plan, environment):
    ours, theirs = socket.socketpair()
    here = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join(filter(None, [here, environment.get("PYTHONPATH")]))
    errors = tempfile.TemporaryFile()
    process = subprocess.Popen(
        [sys.executable, "-m", module, str(theirs.fileno()), plan.directory],
        pass_fds=[theirs.fileno()],
        env={**HASH_SEED, **environment, "PYTHONPATH": path},
        cwd=plan.directory,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=errors,
    )
    theirs.close()
    return _Loader(ours, process, errors)


def _with_our_path(variables, environment):
    """A flow that names places of its own to import from keeps Metaflow's and its packages'."""
    paths = [variables.get("PYTHONPATH"), environment.get("PYTHONPATH")]
    return {**variables, "PYTHONPATH": os.pathsep.join(paths)} if all(paths) else variables


def _make_room(processes, most):
    """The one that has not been used for the longest time goes."""
    while len(processes) >= most:
        processes.popitem(last=False)[1].close()
