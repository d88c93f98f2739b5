"""`platform`: the simulated one, over a flow that the test writes."""

import json
import textwrap

import pytest

from nuvopipe_runtime.plan import Plan
from nuvopipe_testing.one_flow import OneFlow

from .plans import plan_of


@pytest.fixture
def platform(tmp_path):
    """`platform(flow_py, steps, pools, **plan)` for a flow named F."""
    made = []

    def make(flow_py, steps, pools=None, **more):
        plan = plan_of(steps, pools=pools or {}, **more)
        (tmp_path / "flow.py").write_text(textwrap.dedent(flow_py))
        (tmp_path / "plan.json").write_text(json.dumps(plan))
        (tmp_path / "flow.yaml").touch()
        made.append(OneFlow(Plan(str(tmp_path))))
        return made[-1]

    yield make
    for each in made:
        each.container.executor.close()
