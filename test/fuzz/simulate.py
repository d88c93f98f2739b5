"""`python simulate.py` checks compiled flows: each line on stdin is a request about one, which a line on stdout answers.

`{"do": "load", "folder"}` loads `flow.py` as Metaflow does and has Metaflow check its graph. `{"do": "run", "folder", "flow",
"parameters", "faults"}` runs the flow on the simulated platform and compares the run with what `reference.py` predicts. An
answer is `{"problems": [text]}`. Each request runs in its own fork of a process that has imported Metaflow, for at most
`LIMIT_S`.
"""

import gzip
import json
import os
import pickle
import random
import select
import signal
import socket
import sys
import traceback
import types

import metaflow.cli_components.step_cmd
import metaflow.client  # noqa: F401
from metaflow.graph import FlowGraph
from metaflow.lint import LintWarn, linter
from reference import CAUGHT, FAILURE, Reference

from nuvopipe_runtime.contract.protocol import EXACT_PARAMETERS
from nuvopipe_runtime.execution import loader
from nuvopipe_runtime.execution.execute import Executor
from nuvopipe_runtime.execution.storage_keys import key_of
from nuvopipe_runtime.plan import Plan
from nuvopipe_testing.one_flow import OneFlow

LIMIT_S = 60
RUN = "r1"
COMPONENTS_MAX = 700
LOSSES_MAX = 12
LOSS_CHANCE = 0.04
REFUSAL_CHANCE = 0.2
SWEEPS_MAX = LOSSES_MAX + 3
SWEEP_AFTER_S = 1_000
"""Longer than any claim is held."""


class AnyModule(types.ModuleType):
    """A stand-in for the user's modules, whose requirements may not be installed."""

    def __getattr__(self, name):
        return lambda: None


def load(request):
    for name in request["modules"]:
        sys.modules[name] = AnyModule(name)
    path = os.path.join(request["folder"], "flow.py")
    with open(path, encoding="utf-8") as file:
        code = compile(file.read(), path, "exec")
    module = types.ModuleType("made_flow")
    module.__file__ = path
    sys.modules["made_flow"] = module
    sys.path.insert(0, request["folder"])
    exec(code, module.__dict__)
    if request["lints"]:
        graph = FlowGraph(getattr(module, request["name"]))
        try:
            linter.run_checks(graph)
        except LintWarn as warning:
            return [f"Metaflow's check: {warning}"]
    return []


def run(request):
    plan = Plan(request["folder"])
    executor = Executor(plan)
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        ours.close()
        loader.become(theirs, plan)
    theirs.close()
    executor.adopt(ours, pid)
    chance = random.Random(request["faults"]) if request["faults"] is not None else None
    platform = UnreliablePlatform(plan, executor, chance)
    result = platform.finish(request["parameters"])
    reference = Reference(request["flow"], request["parameters"])
    succeeds = reference.run()
    return compare(platform, result, reference, succeeds)


class UnreliablePlatform(OneFlow):
    """Randomly loses sessions and answers, and refuses launches. Actions and flows answer with their arguments."""

    def __init__(self, plan, executor, chance):
        super().__init__(plan, executor)
        self.environment["LC_ALL"] = "C.UTF-8"
        self._chance = chance
        self._losses = 0
        self.answer = lambda envelope, arguments: {"result": arguments}
        self.result_of = lambda envelope, arguments: {"status": "succeeded", "outputs": _without_run(arguments)}
        self.before = self.after = self._lose
        self.refuse = lambda envelope: chance is not None and chance.random() < REFUSAL_CHANCE

    def finish(self, parameters):
        """The run's result. A stalled run is swept, or started again if nothing of it was stored."""
        answer = self.invoke(RUN, **parameters)
        for _ in range(SWEEPS_MAX):
            if self._chance is None or answer is not None and answer["status"] == "failed" or self.result(RUN) is not None:
                break
            self.clock.skipped += SWEEP_AFTER_S
            if self.keys("run.json", RUN):
                start = self.plan.start
                place = {"run": RUN, "block": self.plan.block(start), "step": start, "at": []}
                self.run_session({**place, "sweep": True})
            else:
                answer = self.invoke(RUN, **parameters)
        return self.result(RUN) or answer

    def _lose(self, number, envelope):
        if number > COMPONENTS_MAX:
            raise RuntimeError(f"the run does not end: {COMPONENTS_MAX} components, the last at {envelope}")
        # The parameters would be lost with a run's first step.
        return "drop" if "params" not in envelope and self._has_bad_luck() else None

    def activate(self, flow, envelope, store, container):
        answer = super().activate(flow, envelope, store, container)
        starts_flow = any("action" in session for session in answer.get("launch", {}).get("sessions", []))
        if starts_flow or {"wait", "call", "attempt"} & answer.keys() or {"guard", "sweep", "died", "params"} & envelope.keys():
            return answer  # its step may have no retry left for this death
        # The container ends after its work, before it answers.
        return {"error": "the container is gone"} if self._has_bad_luck() else answer

    def _has_bad_luck(self):
        if self._chance is None or self._losses >= LOSSES_MAX or self._chance.random() > LOSS_CHANCE:
            return False
        self._losses += 1
        return True


def _without_run(arguments):
    given = json.loads(arguments[EXACT_PARAMETERS]) if EXACT_PARAMETERS in arguments else arguments
    return {name: value for name, value in given.items() if name not in ("run", "wait")}


def compare(platform, result, reference, succeeds):
    problems = []
    status = "succeeded" if succeeds else "failed"
    if result is None or result.get("status") != status:
        return [f"the run has to have {status}, and answers {json.dumps(result)}"]
    tasks = committed(platform)
    named = {step for step, _ in reference.tasks}
    for task, artifacts in sorted(tasks.items()):
        if task[0] not in named or is_of_failed_item(task, reference):
            continue
        if task not in reference.tasks:
            if succeeds:
                problems.append(f"{task} is not to be run")
            continue
        problems += [f"{task}: {text}" for text in differences(artifacts, reference.tasks[task])]
    if succeeds:
        missing = reference.tasks.keys() - tasks.keys()
        problems += [f"{task} was not run" for task in sorted(missing) if not is_of_failed_item(task, reference)]
        for name, value in result.get("outputs", {}).items():
            if reference.last.get(name) != value:
                problems.append(f"the output {name} is {value}, and has to be {reference.last.get(name)}")
    else:
        told = [step for step, _ in tasks]
        problems += [f"{step} did not follow the failure" for step in reference.handlers if step not in told]
    return problems


def is_of_failed_item(task, reference):
    return any(task[1][: len(item)] == item for item in reference.failed_items)


def differences(found, wanted):
    return [
        f"{name} is {found.get(name, 'not there')}, and has to be {wanted.get(name, 'not there')}"
        for name in sorted(found.keys() | wanted.keys())
        if (name in found) != (name in wanted) or plain(found[name]) != plain(wanted[name])
    ]


def plain(value):
    if type(value).__name__ == "MetaflowExceptionWrapper":
        return CAUGHT
    if isinstance(value, dict) and {"message", "step", "task"} <= value.keys():
        return FAILURE
    if isinstance(value, list) and value and isinstance(value[0], dict) and "item" in value[0]:
        return [each["item"] for each in value]  # failures
    return value


def committed(platform):
    """Artifacts by step and coordinate."""
    store, values, found = platform.store, {}, {}
    for key in platform.keys("/commit", RUN):
        record = store.get_json(key)
        if not record["ok"]:
            continue
        artifacts = {}
        for name, sha in record["objects"].items():
            if name.startswith("_"):
                continue
            if sha not in values:
                blob = store.get(key_of(platform.plan.flow, sha))[0]
                values[sha] = pickle.loads(gzip.decompress(blob))
            artifacts[name] = values[sha]
        artifacts.pop("name", None)
        found[record["step"], tuple(record["at"])] = artifacts
    return found


# ---------------------------------------------------------------------- forks

DOES = {"load": load, "run": run}


def answer_in_fork(request):
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.setpgid(0, 0)
        os.close(read)
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, 0)
        os.dup2(null, 1)
        os.dup2(null, 2)
        try:
            answer = {"problems": DOES[request["do"]](request)}
        except BaseException:
            answer = {"problems": [traceback.format_exc()]}
        with os.fdopen(write, "w") as pipe:
            json.dump(answer, pipe)
        os._exit(0)
    os.close(write)
    content = b""
    with os.fdopen(read, "rb", buffering=0) as pipe:
        while select.select([pipe], [], [], LIMIT_S)[0]:
            data = pipe.read(1 << 16)
            if not data:
                break
            content += data
        else:
            content = json.dumps({"problems": [f"nothing for {LIMIT_S} s"]}).encode()
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    os.waitpid(pid, 0)
    return json.loads(content or '{"problems": ["the process ended without an answer"]}')


def main():
    for line in sys.stdin:
        print(json.dumps(answer_in_fork(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
