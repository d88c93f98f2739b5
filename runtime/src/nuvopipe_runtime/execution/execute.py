"""Runs one attempt of a task: has it forked, serves its artifacts, takes its output, watches its time."""

import os
import selectors
import signal
import socket
import time

from ..contract.protocol import CRASH, TIMEOUT
from .artifacts import ArtifactServer, BlobCache
from .attempt import Attempt
from .connections import KNOCK
from .logs import LogStream
from .masking import Mask
from .memory import oom_kills
from .warm_processes import WarmGone, WarmProcesses
from .wire import Wire

KILL_GRACE_S = 2
"""Metaflow's own `@timeout` raises inside the step first, with a traceback; who ignores it is killed after this."""

ANSWER_RESERVE_S = 3
"""Kept of the activation's time for the commit and the answer: a step is killed before OpenWhisk kills the container."""

LOOK_EVERY_S = 3.0
"""How often a supervisor looks, while a step works, whether its run has been cancelled or has failed elsewhere."""

MEANWHILE_FIRST_S = 0.25
"""When a task that takes longer is a reason to do something else, as to launch more lanes."""

ERROR_MAX = 300
"""Characters of an exception's text that go into records and results; the log has all of it."""


class Executor:
    """Executes tasks in forks of warm processes. One task at a time, as OpenWhisk has it."""

    def __init__(self, plan, processes=WarmProcesses):
        self._plan = plan
        self._processes = processes(plan)
        self.adopt = self._processes.adopt
        self.close = self._processes.close
        self.blobs = BlobCache()
        self.secrets = {}
        """The flow's, by name, as far as its steps in this action need them; a task gets those of its step."""
        self.meanwhile = None
        """Called while a task is executed; answers in how many seconds to call it again, None for never."""

    def run(self, store, operation, request, environment, timeout_s, deadline, is_over=None, overdue=None, live_log=None):
        """One attempt. `deadline` is the activation's, epoch seconds; `is_over` tells, now and then, whether the run is.
        `overdue`: how the task fails after `timeout_s`, where that is not its step's own limit. `live_log` shows meanwhile what
        the task writes.

        Never raises for what the user's code does.
        """
        step, variables = request.get("step"), {}
        if step is not None:
            # Of `catch`'s fallback, which executes nothing of the user's, another step's action may take care.
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

        def look():
            if live_log is not None:
                live_log.look(logs)
            return is_over is not None and is_over()

        status, timed_out, was_stopped = _watch(warm, pid, door, server, streams, limit, look, self.meanwhile)
        server.join()
        server.dismiss()
        stdout.finish()
        stderr.finish()
        ended = time.time()
        result, ok, error = server.outcome(), server.ok and status == 0, None
        if "outputs" in result:
            result["outputs"] = mask.value(result["outputs"])
        if "error" in result:
            result["error"] = mask.value(result["error"])[:ERROR_MAX] + result.get("where", "")
        kinds = result.get("kinds", [])
        if not ok:
            error = result.get("error") or server.error
            if timed_out or "error" not in result:
                kinds = [TIMEOUT if timed_out else CRASH]
            if timed_out:
                error = overdue or f"the step was ended after its time limit of {_seconds(timeout_s)}"
            elif error is None:
                error = how_it_ended(status, killed_before, oom_kills())
            if timed_out or "error" not in result:
                stderr.add_line(error)
        attempt = Attempt(ok, result, error, stdout.content(), stderr.content(), started, ended, kinds)
        attempt.was_stopped = was_stopped
        attempt.live_log = live_log
        if was_stopped and live_log is not None:
            live_log.keep(logs)
        return attempt


def _watch(warm, pid, door, server, streams, limit, is_over, meanwhile):
    """Reads the task's output until it has ended; (wait status, whether it was killed for its time, or with its run)."""
    timed_out = was_stopped = False
    status = None
    look = time.time() + LOOK_EVERY_S
    call = float("inf") if meanwhile is None else time.time() + MEANWHILE_FIRST_S
    with selectors.DefaultSelector() as selector:
        for descriptor in streams:
            selector.register(descriptor, selectors.EVENT_READ)
        selector.register(warm, selectors.EVENT_READ)
        selector.register(door, selectors.EVENT_READ)
        while status is None:
            pause = max(0.0, min(limit, look, call) - time.time())
            for key, _ in selector.select(None if timed_out or was_stopped else pause):
                if key.fileobj is warm:
                    status = warm.wait_status()
                    break
                if key.fileobj is door:
                    _let_in(door, server, selector)
                    continue
                data = os.read(key.fd, 1 << 16)
                if data:
                    streams[key.fd].feed(data)
                else:
                    selector.unregister(key.fd)
            if status is None and time.time() >= call:
                again_s = meanwhile()
                call = float("inf") if again_s is None else time.time() + again_s
            if not timed_out and status is None and time.time() >= limit:
                timed_out = True
                _kill(pid)
            elif not was_stopped and status is None and time.time() >= look:
                look = time.time() + LOOK_EVERY_S
                if is_over():
                    was_stopped = True
                    _kill(pid)
    _kill(pid)
    door.close()
    for descriptor, stream in streams.items():
        # What is still in the pipe; a grandchild that keeps it open is not waited for.
        os.set_blocking(descriptor, False)
        try:
            while data := os.read(descriptor, 1 << 16):
                stream.feed(data)
        except BlockingIOError:
            pass
        os.close(descriptor)
    return status, timed_out, was_stopped


def _let_in(door, server, selector):
    """A connection that a thread or a child process of the task has opened."""
    message, descriptors, _, _ = socket.recv_fds(door, len(KNOCK), 1)
    if not message:
        selector.unregister(door)
    for descriptor in descriptors:
        server.admit(socket.socket(fileno=descriptor))


def _kill(pid):
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


def how_it_ended(status, killed_before, killed_after):
    """From a process's wait status, and how often the kernel had killed for want of memory before it and after."""
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        try:
            name = signal.Signals(number).name
        except ValueError:
            name = str(number)
        if number != signal.SIGKILL or (killed_after == killed_before and killed_after is not None):
            return f"the step's process was ended by signal {name}"
        if killed_after is None:
            return f"the step's process was ended by signal {name}, perhaps out of memory"
        return f"the step ran out of memory: its process was ended by signal {name}"
    return f"the step's process ended with exit code {os.waitstatus_to_exitcode(status)} and without a result"


def _seconds(value):
    return f"{value:g} s"
