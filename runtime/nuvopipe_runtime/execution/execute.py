"""Runs one attempt of a task: has it forked, serves its artifacts, takes its output, watches its time."""

import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from ..store import to_json
from .artifacts import ArtifactServer, BlobCache
from .attempt import CRASH, TIMEOUT, Attempt
from .logs import LogStream
from .masking import Mask
from .wire import Wire

KILL_GRACE_S = 2
"""Metaflow's own `@timeout` raises inside the step first, with a traceback; who ignores it is killed after this."""

ANSWER_RESERVE_S = 3
"""Kept of the activation's time for the commit and the answer: a step is killed before OpenWhisk kills the container."""

LOOK_EVERY_S = 3.0
"""How often a supervisor looks, while a step works, whether its run has been cancelled or has failed elsewhere."""

ERROR_MAX = 300
"""Characters of an exception's text that go into records and results; the log has all of it."""


class WarmGone(Exception):
    """The warm process ended: it could not start, or was killed."""


class Executor:
    """The supervisor's side of the warm process. One task at a time, as OpenWhisk has it."""

    WARM = "nuvopipe_runtime.execution.warm"
    """What the warm process runs, where it is started here."""

    def __init__(self, plan):
        self._plan = plan
        self._control = None
        self._answers = None
        self._process = None
        self._ready = False
        self.blobs = BlobCache()
        self.secrets = {}
        """The flow's, by name, as far as its steps in this action need them; a task gets those of its step."""

    def adopt(self, control):
        """Uses a warm process that has been forked already, instead of starting one."""
        self._control = control
        # Unbuffered: a selector watches the socket, so no line may hide in a buffer.
        self._answers = control.makefile("rb", buffering=0)

    def close(self):
        """Ends the warm process."""
        if self._control is not None:
            self._answers.close()
            self._control.close()
            self._control = None
        if self._process is not None:
            self._process.wait()

    def _ensure_warm(self, environment):
        if self._control is None:
            self._spawn(environment)
        if not self._ready:
            self._control.sendall(to_json(environment) + b"\n")
            self._ready = self._answer()["ready"]

    def _spawn(self, environment):
        ours, theirs = socket.socketpair()
        here = str(Path(__file__).resolve().parents[2])
        path = os.pathsep.join(filter(None, [here, environment.get("PYTHONPATH")]))
        self._process = subprocess.Popen(
            [sys.executable, "-m", self.WARM, str(theirs.fileno()), self._plan.directory],
            pass_fds=[theirs.fileno()],
            env={**environment, "PYTHONPATH": path},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        theirs.close()
        self.adopt(ours)

    def _answer(self):
        line = self._answers.readline()
        if not line:
            self._control, self._ready = None, False
            raise WarmGone("the step's Python process ended; the activation's log says why")
        return json.loads(line)

    def run(self, store, operation, request, environment, timeout_s, deadline, is_over=None):
        """One attempt. `deadline` is the activation's, epoch seconds; `is_over` tells, now and then, whether the run is.

        Never raises for what the user's code does.
        """
        if operation == "step":
            step = request["step"]
            names = self._plan.steps[step].get("secrets", [])
            request = {**request, "environment": self._plan.environment(step, self.secrets), "secretNames": names}
        mask = Mask([*self.secrets.values(), *filter(None, request.get("secrets", {}).values())])
        self._ensure_warm(environment)
        ours, theirs = socket.socketpair()
        out_read, out_write = os.pipe()
        err_read, err_write = os.pipe()
        started = time.time()
        try:
            socket.send_fds(self._control, [b"f"], [theirs.fileno(), out_write, err_write])
        finally:
            theirs.close()
            os.close(out_write)
            os.close(err_write)
        pid = self._answer()["pid"]
        server = ArtifactServer(Wire(ours), store, self.blobs, operation, request)
        server.start()
        limit = min(started + timeout_s + KILL_GRACE_S, deadline - ANSWER_RESERVE_S)
        stdout = LogStream(lambda line: _echo(sys.stdout, line), mask)
        stderr = LogStream(lambda line: _echo(sys.stderr, line), mask)
        status, timed_out, was_stopped = self._watch(pid, {out_read: stdout, err_read: stderr}, limit, is_over)
        server.join()
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
                error = f"the step was ended after its time limit of {_seconds(timeout_s)}"
            elif error is None:
                error = _how_it_ended(status)
            if timed_out or "error" not in result:
                stderr.add_line(error)
        attempt = Attempt(ok, result, error, stdout.content(), stderr.content(), started, ended, kinds)
        attempt.was_stopped = was_stopped
        return attempt

    def _wait_status(self):
        try:
            return self._answer()["status"]
        except WarmGone:
            return signal.SIGKILL  # the step has ended its own parent, and with it itself

    def _watch(self, pid, streams, limit, is_over):
        """Reads the task's output until it has ended; (wait status, whether it was killed for its time, or with its run)."""
        timed_out = was_stopped = False
        status = None
        look = time.time() + LOOK_EVERY_S
        with selectors.DefaultSelector() as selector:
            for descriptor in streams:
                selector.register(descriptor, selectors.EVENT_READ)
            selector.register(self._control, selectors.EVENT_READ)
            while status is None:
                pause = max(0.0, min(limit, look) - time.time())
                for key, _ in selector.select(None if timed_out or was_stopped else pause):
                    if key.fileobj is self._control:
                        status = self._wait_status()
                        break
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
                    if is_over is not None and is_over():
                        was_stopped = True
                        _kill(pid)
        _kill(pid)
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


def _echo(stream, line):
    stream.buffer.write(line + b"\n")
    stream.buffer.flush()


def _kill(pid):
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


def _how_it_ended(status):
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        try:
            name = signal.Signals(number).name
        except ValueError:
            name = str(number)
        return f"the step's process was ended by signal {name}"
    return f"the step's process exited with code {os.waitstatus_to_exitcode(status)} and without a result"


def _seconds(value):
    return f"{value:g} s"
