"""Runs one attempt of a task: has it forked, serves its artifacts, reads its output and enforces its time limit."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import socket
import time
from typing import TYPE_CHECKING, NamedTuple

from ..contract.protocol import CRASH, TIMEOUT
from .artifacts import ArtifactServer, BlobCache
from .attempt import Attempt
from .connections import KNOCK
from .lifetime import signal_name
from .logs import LogStream
from .masking import Mask
from .memory import oom_kills
from .warm_processes import WarmGone, WarmProcesses
from .wire import Wire

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..plan import Plan
    from ..store import Store
    from .live_log import LiveLog
    from .request import Request
    from .warm_processes import WarmProcess

KILL_GRACE_S = 2
"""At its time limit, Metaflow's `@timeout` raises in the step, which gives a traceback. A step that ignores it is killed this
much later."""

ANSWER_RESERVE_S = 3
"""Time reserved for the commit and the answer: a step is killed before OpenWhisk kills the container."""

LOOK_EVERY_S = 3.0
"""Interval at which the supervisor checks, while a step works, whether its run was cancelled or has failed elsewhere."""

ERROR_MAX = 300
"""Maximum length of an exception's text in records and results, in characters; the log has all of it."""


class Executor:
    """Executes tasks in forks of warm processes, one at a time, since OpenWhisk gives a container one activation at a time."""

    def __init__(self, plan: Plan, processes: type[WarmProcesses] = WarmProcesses) -> None:
        self._plan = plan
        self._processes = processes(plan)
        self.adopt = self._processes.adopt
        self.close = self._processes.close
        self.blobs = BlobCache()
        self.secrets: dict[str, str] = {}
        """Secrets that the steps of this action need, by name; a task gets only those of its step."""

    def run(
        self,
        store: Store,
        operation: str,
        request: Request,
        environment: dict[str, str],
        timeout_s: float,
        deadline: float,
        is_over: Callable[[], bool] | None = None,
        overdue: str | None = None,
        live_log: LiveLog | None = None,
    ) -> Attempt:
        """Runs one attempt.

        `deadline` is the activation's, epoch seconds. `is_over` says whether the run is over, and is called now and then.
        `overdue` is the error after `timeout_s` if that is not the step's own limit. `live_log` gets the output as it appears.

        Never raises because of the user's code. Raises `WarmGone` if there is no process to fork the task from.
        """
        step = request.get("step")
        variables: dict[str, str] = {}
        if step is not None:
            # The fallback of `catch` executes no user code, and may run in another step's action.
            variables = self._plan.environment(step, self.secrets, lacks_none="reason" not in request)
            names = [name for name in self._plan.steps[step].get("secrets", []) if name in variables]
            request = {**request, "secretNames": names}
        mask = Mask([*self.secrets.values(), *filter(None, request.get("secrets", {}).values())])
        warm = self._processes.ready_for(step, environment, variables, deadline - ANSWER_RESERVE_S)
        (ours, theirs), (door, theirs_of_door) = socket.socketpair(), socket.socketpair()
        out_read, out_write = os.pipe()
        err_read, err_write = os.pipe()
        started, killed_before = time.time(), oom_kills()
        try:
            pid = warm.fork([theirs.fileno(), theirs_of_door.fileno(), out_write, err_write])
        except WarmGone:
            self._processes.forget(warm)
            for end in (ours, door):
                end.close()
            for descriptor in (out_read, err_read):
                os.close(descriptor)
            raise
        finally:
            theirs.close()
            theirs_of_door.close()
            os.close(out_write)
            os.close(err_write)
        server = ArtifactServer(Wire(ours), store, self.blobs, self._plan.flow, operation, request)
        server.start()
        limit = min(started + timeout_s + (0 if overdue else KILL_GRACE_S), deadline - ANSWER_RESERVE_S)
        stdout, stderr = LogStream(mask), LogStream(mask)
        streams = {out_read: stdout, err_read: stderr}
        logs = {"stdout": stdout, "stderr": stderr}

        def look() -> bool:
            if live_log is not None:
                live_log.look(logs)
            return is_over is not None and is_over()

        try:
            ended = _watch(warm, pid, door, server, streams, limit, look)
        except BaseException:
            _kill(pid)
            self._processes.forget(warm)  # the warm process still waits for this task
            raise
        if ended.gone is not None:
            self._processes.forget(warm)
        server.join()
        server.dismiss()
        stdout.finish()
        stderr.finish()
        ended_at = time.time()
        result, ok = server.outcome(), server.ok and ended.status == 0
        error: str | None = None
        if "outputs" in result:
            result["outputs"] = mask.value(result["outputs"])
        if "error" in result:
            result["error"] = mask.value(result["error"])[:ERROR_MAX] + result.get("where", "")
        kinds = result.get("kinds", [])
        if not ok:
            error = result.get("error") or server.error
            if ended.timed_out or "error" not in result:
                kinds = [TIMEOUT if ended.timed_out else CRASH]
            if ended.timed_out:
                error = overdue or f"the step was ended after its time limit of {_seconds(timeout_s)}"
            elif error is None and ended.gone is not None and ended.gone.exit_code != -signal.SIGKILL:
                error = str(ended.gone)
            elif error is None:
                error = how_it_ended(ended.status, killed_before, oom_kills())
            if ended.timed_out or "error" not in result:
                stderr.add_line(error)
        attempt = Attempt(ok, result, error, stdout.content(), stderr.content(), started, ended_at, kinds)
        attempt.was_stopped = ended.was_stopped
        attempt.live_log = live_log
        if ended.was_stopped and live_log is not None:
            live_log.keep(logs)
        return attempt


class _Ended(NamedTuple):
    """How a task's process ended."""

    status: int
    """Wait status, as of wait(2)."""
    timed_out: bool
    was_stopped: bool
    """Whether the task was killed because its run is over."""
    gone: WarmGone | None
    """Set if the warm process has ended, and the task with it."""


def _watch(
    warm: WarmProcess,
    pid: int,
    door: socket.socket,
    server: ArtifactServer,
    streams: dict[int, LogStream],
    limit: float,
    is_over: Callable[[], bool],
) -> _Ended:
    """Reads the task's output until the task ends. Kills it at `limit` (epoch seconds) or when its run is over."""
    timed_out = was_stopped = False
    status: int | None = None
    gone: WarmGone | None = None
    look = time.time() + LOOK_EVERY_S
    with selectors.DefaultSelector() as selector:
        for descriptor in streams:
            selector.register(descriptor, selectors.EVENT_READ)
        selector.register(warm, selectors.EVENT_READ)
        selector.register(door, selectors.EVENT_READ)
        while status is None:
            pause = max(0.0, min(limit, look) - time.time())
            for key, _ in selector.select(None if timed_out or was_stopped else pause):
                if key.fileobj is warm:
                    try:
                        status = warm.wait_status()
                    except WarmGone as error:
                        status, gone = signal.SIGKILL, error
                    break
                if key.fileobj is door:
                    _let_in(door, server, selector)
                    continue
                data = os.read(key.fd, 1 << 16)
                if data:
                    streams[key.fd].feed(data)
                else:
                    selector.unregister(key.fd)
            if not timed_out and status is None and time.time() >= limit:
                timed_out = True
                _kill(pid)
            elif not was_stopped and status is None and time.time() >= look:
                look = time.time() + LOOK_EVERY_S
                if is_over():
                    was_stopped = True
                    _kill(pid)
    _kill_group(pid)
    door.close()
    for descriptor, stream in streams.items():
        # Read what is still in the pipe, without waiting for a grandchild that keeps it open.
        os.set_blocking(descriptor, False)
        try:
            while data := os.read(descriptor, 1 << 16):
                stream.feed(data)
        except BlockingIOError:
            pass
        os.close(descriptor)
    return _Ended(status, timed_out, was_stopped, gone)


def _let_in(door: socket.socket, server: ArtifactServer, selector: selectors.BaseSelector) -> None:
    """Admits a connection that a thread or a child process of the task has opened."""
    message, descriptors, _, _ = socket.recv_fds(door, len(KNOCK), 1)
    if not message:
        selector.unregister(door)
    for descriptor in descriptors:
        server.admit(socket.socket(fileno=descriptor))


def _kill(pid: int) -> None:
    """Kills a running task and the processes that it started. The task may not have its own process group yet."""
    if not _kill_group(pid):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _kill_group(pid: int) -> bool:
    """Kills the processes left in a task's process group. False if there is no such group."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def how_it_ended(status: int, killed_before: int | None, killed_after: int | None) -> str:
    """Describes a process's wait status. The counts say how often the kernel had run out of memory before and after it."""
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        name = signal_name(number)
        if number != signal.SIGKILL or (killed_after == killed_before and killed_after is not None):
            return f"the step's process was ended by signal {name}"
        if killed_after is None:
            return f"the step's process was ended by signal {name}, perhaps out of memory"
        return f"the step ran out of memory: its process was ended by signal {name}"
    return f"the step's process ended with exit code {os.waitstatus_to_exitcode(status)} and without a result"


def _seconds(value: float) -> str:
    return f"{value:g} s"
