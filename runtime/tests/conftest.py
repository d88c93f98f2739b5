"""Provides the fixture `platform`: the simulated platform with a flow that the test writes."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING, Any

import pytest

from nuvopipe_runtime.plan import Plan
from nuvopipe_testing.one_flow import OneFlow

from .plans import plan_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.fixture_types import MakeFlow


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[MakeFlow]:
    """Returns `platform(flow_py, steps, pools, **plan)`, which makes a platform with a flow named F."""
    made = []

    def make(flow_py: str, steps: dict[str, Any], pools: dict[str, Any] | None = None, **more: Any) -> OneFlow:
        plan = plan_of(steps, pools=pools or {}, **more)
        (tmp_path / "flow.py").write_text(textwrap.dedent(flow_py))
        (tmp_path / "plan.json").write_text(json.dumps(plan))
        (tmp_path / "flow.yaml").touch()
        made.append(OneFlow(Plan(str(tmp_path))))
        return made[-1]

    yield make
    for each in made:
        each.container.executor.close()
