"""`platform`: the simulated one, over a flow that the test writes."""

import json
import textwrap

import pytest

from nuvopipe_runtime.plan import Plan
from nuvopipe_testing.one_flow import OneFlow


@pytest.fixture
def platform(tmp_path):
    """`platform(flow_py, steps, pools, **plan)` for a flow named F."""
    made = []

    def make(flow_py, steps, pools=None, **more):
        plan = {
            "version": 1,
            "hash": "0" * 64,
            "flow": "F",
            "parameters": {},
            "outputs": [],
            "pools": pools or {},
            "profiles": {},
            "pip": [],
            "source": {"name": "flow.yaml", "file": "flow.yaml"},
            "sourceMap": {},
            **more,
        }
        defaults = {"block": "b1", "profile": "p", "timeoutMs": 20_000, "within": []}
        plan["steps"] = {name: {**defaults, **step} for name, step in steps.items()}
        (tmp_path / "flow.py").write_text(textwrap.dedent(flow_py))
        (tmp_path / "plan.json").write_text(json.dumps(plan))
        (tmp_path / "flow.yaml").touch()
        made.append(OneFlow(Plan(str(tmp_path))))
        return made[-1]

    yield make
    for each in made:
        each.container.executor.close()
