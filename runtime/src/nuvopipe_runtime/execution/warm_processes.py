"""The supervisor's side of loaders and warm processes: starts, keeps and replaces them."""

from __future__ import annotations

import contextlib
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
from typing import TYPE_CHECKING, Any, BinaryIO

from ..store import to_json
from . import loader, warm
from .lifetime import how_it_exited

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import TypeAlias

    from ..plan import Plan

    Variables: TypeAlias = tuple[tuple[str, str], ...]
    """Sorted environment variables, as a key."""

WARM_MAX = 4
"""Maximum number of warm processes in a container, one per set of variables; they share most of their memory."""

LOADERS_MAX = 2
"""Maximum number of loaders. Each takes some sixty megabytes of its own for Metaflow."""

READ_BY_INTERPRETER = ("PYTHON", "LD_", "LC_", "LANG", "MALLOC_", "GLIBC_", "METAFLOW_")
"""Prefixes of variables that Python, the C library or Metaflow reads at start. Tasks with such a variable are forks of an
interpreter that was started with it."""

IMPORT_MAX_S = 60
"""Time limit for all imports ahead of a step. A library that takes longer is imported by the step itself."""

HASH_SEED = {"PYTHONHASHSEED": "0"}
"""Hash seed of every process. Sets of strings are pickled in hash order, so with one seed equal sets make equal artifacts."""

STDERR_MAX_BYTES = 64 << 10
"""How much of the stderr of a loader and its warm processes goes to the activation's log, from the end."""


class WarmGone(Exception):
    """Raised when a loader or warm process has ended: it did not start, failed, or was killed. The text says why, if known."""

    def __init__(self, reason: str | None, exit_code: int | None) -> None:
        """`reason`: the process's own; `exit_code`: negative if a signal ended it, as in `subprocess`."""
        self.reason = reason
        self.exit_code = exit_code
        why = reason or (None if exit_code is None else how_it_exited(exit_code))
        super().__init__(f"the step's Python process ended{f': {why}' if why else ''}")


class WarmProcesses:
    LOADER = "nuvopipe_runtime.execution.loader"
    """The module that a loader runs if it is started here."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._loaders: OrderedDict[Variables, _Loader] = OrderedDict()
        self._warm: OrderedDict[Variables, WarmProcess] = OrderedDict()
        self._unsafe: set[str] = set()
        """Libraries that only tasks may import."""

    def adopt(self, control: socket.socket, pid: int) -> None:
        """Uses a loader that this process has already forked, instead of starting one."""
        self._loaders[()] = _Loader(control, pid)

    def close(self) -> None:
        for process in (*self._warm.values(), *self._loaders.values()):
            process.close()
        self._warm.clear()
        self._loaders.clear()

    def ready_for(
        self, step: str | None, environment: dict[str, str], variables: dict[str, str], deadline: float
    ) -> WarmProcess:
        """Returns the warm process for these variables. It has imported the step's libraries; none if `step` is None.

        Raises `WarmGone`.
        """
        key = tuple(sorted(_with_our_path(variables, environment).items()))
        while True:
            process = self._living(key) or self._start(key, environment)
            self._warm.move_to_end(key)
            if step is None:
                return process
            try:
                unsafe = process.prepare(step, self._unsafe, min(deadline, time.time() + IMPORT_MAX_S))
            except WarmGone:
                self.forget(process)
                raise
            if not unsafe:
                return process
            self._unsafe |= unsafe
            self.forget(process)

    def forget(self, process: WarmProcess) -> None:
        """Drops a warm process. It may already have ended, since a task runs user code and can kill it."""
        for key in [key for key, each in self._warm.items() if each is process]:
            del self._warm[key]
        process.close()

    def _living(self, key: Variables) -> WarmProcess | None:
        process = self._warm.get(key)
        if process is None or process.is_alive():
            return process
        _report(process.gone())
        self.forget(process)
        return None

    def _start(self, key: Variables, environment: dict[str, str]) -> WarmProcess:
        while len(self._warm) >= WARM_MAX:
            self.forget(next(iter(self._warm.values())))
        variables = dict(key)
        early = tuple(item for item in key if item[0].startswith(READ_BY_INTERPRETER))
        try:
            process = self._loader(early, environment).fork(variables)
        except WarmGone as gone:
            _report(gone)
            self._drop_loader(early)
            process = self._loader(early, environment).fork(variables)
        self._warm[key] = process
        return process

    def _loader(self, early: Variables, environment: dict[str, str]) -> _Loader:
        found = self._loaders.get(early)
        if found is None:
            while len(self._loaders) >= LOADERS_MAX:
                self._drop_loader(next(iter(self._loaders)))
            found = self._loaders[early] = _spawn(self.LOADER, self._plan, {**environment, **dict(early)})
        self._loaders.move_to_end(early)
        found.ensure({**HASH_SEED, **environment, **dict(early)})
        return found

    def _drop_loader(self, early: Variables) -> None:
        """Drops a loader with its warm processes, which end when it does."""
        dropped = self._loaders.pop(early)
        for process in [each for each in self._warm.values() if each.loader is dropped]:
            self.forget(process)
        dropped.close()


class _Process:
    """A loader or warm process, seen through its control socket."""

    def __init__(self, control: socket.socket, pid: int) -> None:
        self._control = control
        self._pid = pid
        # Unbuffered, because a selector watches the socket and would not see lines in a buffer.
        self._answers = control.makefile("rb", buffering=0)

    def fileno(self) -> int:
        return self._control.fileno()

    def answer(self) -> dict[str, Any]:
        """Returns the next line. Raises `WarmGone`."""
        try:
            line = self._answers.readline()
        except ConnectionError:
            line = b""
        if not line.endswith(b"\n"):
            raise WarmGone(self._last_words(), self._exit_code())
        answer: dict[str, Any] = json.loads(line)
        if "ended" in answer:
            self._last_words()
            raise WarmGone(answer["ended"], self._exit_code())
        return answer

    def send(self, data: bytes, descriptors: Sequence[int] = ()) -> None:
        """Sends a line. Raises `WarmGone`."""
        try:
            if descriptors:
                socket.send_fds(self._control, [data], descriptors)
            else:
                self._control.sendall(data)
        except ConnectionError:
            raise self.gone() from None

    def gone(self) -> WarmGone:
        """Returns why the process ended. Closes the socket, so that a process that is still running ends."""
        with contextlib.suppress(OSError):
            self._control.shutdown(socket.SHUT_WR)
        try:
            while True:
                self.answer()
        except WarmGone as gone:
            return gone

    def close(self) -> None:
        self._answers.close()
        self._control.close()

    def _exit_code(self) -> int | None:
        """Waits for the end of a process that has closed its socket. None if the exit code is unknown."""
        raise NotImplementedError

    def _last_words(self) -> str | None:
        """Copies the process's stderr to the activation's log. Returns the last line, which may be the reason."""
        raise NotImplementedError


class _Loader(_Process):
    def __init__(
        self,
        control: socket.socket,
        pid: int,
        process: subprocess.Popen[bytes] | None = None,
        errors: BinaryIO | None = None,
    ) -> None:
        """`errors`: the stderr file of a process that was started here; a forked one shares ours."""
        super().__init__(control, pid)
        self._process = process
        self._errors = errors
        self._errors_shown = 0
        self._is_ready = False
        self._code: int | None = None

    def ensure(self, environment: Mapping[str, str]) -> None:
        """Sends the environment, once, and waits until the flow is loaded. Raises `WarmGone`."""
        if not self._is_ready:
            self.send(to_json(environment) + b"\n")
            self._is_ready = self.answer()["ready"]

    def fork(self, variables: Mapping[str, str]) -> WarmProcess:
        """Starts a warm process. Raises `WarmGone`."""
        ours, theirs = socket.socketpair()
        with theirs:
            self.send(loader.FORK, [theirs.fileno()])
        process = WarmProcess(ours, self.answer()["pid"], self)
        process.send(to_json(variables) + b"\n")
        return process

    def exit_code_of(self, pid: int) -> int | None:
        """Exit code of a warm process; None if the loader has ended too."""
        if self.fileno() < 0:
            return None
        try:
            self.send(loader.EXIT_CODE + to_json(pid) + b"\n")
            code: int | None = self.answer()["code"]
        except WarmGone:
            return None
        return code

    def show_errors(self) -> str | None:
        """Copies new stderr output to the activation's log. Returns the last line."""
        if self._errors is None:
            return None
        size = os.fstat(self._errors.fileno()).st_size
        start = max(self._errors_shown, size - STDERR_MAX_BYTES)
        # No seeking, because the processes share the position in the file.
        text = os.pread(self._errors.fileno(), size - start, start).decode(errors="replace")
        self._errors_shown = size
        lines = text.strip().splitlines()
        if not lines:
            return None
        print(text.rstrip(), file=sys.stderr)
        return lines[-1]

    def close(self) -> None:
        super().close()
        self._exit_code()
        if self._errors is not None:
            self._errors.close()

    def _exit_code(self) -> int | None:
        if self._process is not None:
            return self._process.wait()
        if self._code is None:
            with contextlib.suppress(ChildProcessError):
                self._code = os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])
        return self._code

    def _last_words(self) -> str | None:
        self._exit_code()
        return self.show_errors()


class WarmProcess(_Process):
    def __init__(self, control: socket.socket, pid: int, loader: _Loader) -> None:
        super().__init__(control, pid)
        self.loader = loader
        self._prepared: set[str] = set()
        self._code: int | None = None

    def is_alive(self) -> bool:
        """Whether the process is alive. It never sends first, so anything to read means that it ended."""
        return not select.select([self], [], [], 0)[0]

    def prepare(self, step: str, without: set[str], deadline: float) -> set[str]:
        """Has the process import a step's libraries. Returns those that proved unsafe; then the process must be dropped.

        Raises `WarmGone`.
        """
        if step in self._prepared:
            return set()
        importing: set[str] = set()
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
        except WarmGone as gone:
            if not importing:
                raise
            _report(gone, f" while it imported {', '.join(importing)}, which steps now import themselves")
        return importing

    def fork(self, descriptors: Sequence[int]) -> int:
        """Forks a task with these descriptors: wire, door, stdout, stderr. Returns its process ID. Raises `WarmGone`."""
        self.send(warm.FORK, descriptors)
        pid: int = self.answer()["pid"]
        return pid

    def wait_status(self) -> int:
        """Waits for the task's wait status. Raises `WarmGone`; then the task has been killed too."""
        status: int = self.answer()["status"]
        return status

    def _exit_code(self) -> int | None:
        if self._code is None:
            self._code = self.loader.exit_code_of(self._pid)
        return self._code

    def _last_words(self) -> str | None:
        self._exit_code()
        self.loader.show_errors()
        return None


def _report(gone: WarmGone, when: str = "") -> None:
    """Reports a problem that does not fail a step in the activation's log."""
    print(f"nuvopipe: {gone}{when}", file=sys.stderr)


def _spawn(module: str, plan: Plan, environment: dict[str, str]) -> _Loader:
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
    return _Loader(ours, process.pid, process, errors)


def _with_our_path(variables: dict[str, str], environment: dict[str, str]) -> dict[str, str]:
    """Adds Metaflow's and the packages' paths to a flow's own `PYTHONPATH`."""
    paths = [path for each in (variables, environment) if (path := each.get("PYTHONPATH"))]
    return {**variables, "PYTHONPATH": os.pathsep.join(paths)} if len(paths) == 2 else variables
