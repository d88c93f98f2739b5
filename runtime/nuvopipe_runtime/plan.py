"""`plan.json`, as the compiler wrote it; `src/model/plan.ts` describes its keys."""

import hashlib
import json
import os


class Plan:
    """One compiled flow. `directory` holds `flow.py`, `plan.json`, the flow file and the user's code."""

    def __init__(self, directory):
        self.directory = directory
        with open(os.path.join(directory, "plan.json"), "rb") as file:
            content = file.read()
        with open(os.path.join(directory, "flow.py"), "rb") as file:
            self.hash = hashlib.sha256(content + file.read()).hexdigest()
        self.raw = json.loads(content)
        self.flow = self.raw["flow"]
        self.start = self.raw["start"]
        self.end = self.raw["end"]
        self.parameters = self.raw["parameters"]
        self.outputs = self.raw["outputs"]
        self.tags = self.raw.get("tags", [])
        self.steps = self.raw["steps"]
        self.pools = self.raw["pools"]
        self._before = {spec["next"]["step"]: name for name, spec in self.steps.items() if "step" in spec["next"]}

    def block(self, step):
        return self.steps[step]["block"]

    def profile(self, step):
        return self.steps[step]["profile"]

    def environment(self, step, secrets):
        """What a step finds in its environment and no other does: its `vars`, and of the flow's secrets those it names."""
        spec = self.steps[step]
        names = spec.get("secrets", [])
        missing = [name for name in names if name not in secrets]
        if missing:
            raise RuntimeError(f"step {step} lacks {', '.join(missing)}: deploy the flow again, with its secrets")
        return {**spec.get("vars", {}), **{name: secrets[name] for name in names}}

    def first(self, opener, item):
        """First step of an item's body: the foreach's, or the branch's."""
        pool = self.pools[opener]
        return pool["first"][item if pool["kind"] == "branches" else 0]

    def last(self, opener, item):
        pool = self.pools[opener]
        return pool["last"][item if pool["kind"] == "branches" else 0]

    def inputs(self, step, at, items):
        """`(step, task)` of the tasks that a task reads; `items(opener, at)` tells how many items a pool has."""
        spec = self.steps[step]
        if step == self.start:
            return [(PARAMETERS_STEP, PARAMETERS_TASK)]
        if spec.get("joins"):
            opener = spec["joins"]
            return [(self.last(opener, item), task_id([*at, item])) for item in range(items(opener, at))]
        if spec["within"] and step in self.pools[spec["within"][-1]]["first"]:
            return [(spec["within"][-1], task_id(at[:-1]))]
        return [(self._before[step], task_id(at))]


def task_id(at):
    """Task ids are derived from the coordinate: `t`, or `t-3-0` for item 0 of the pool in item 3 of the outer one."""
    return "-".join(["t", *map(str, at)])


PARAMETERS_STEP = "_parameters"
PARAMETERS_TASK = "0"
