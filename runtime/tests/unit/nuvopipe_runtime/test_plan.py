from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from nuvopipe_runtime.contract.versions import OtherVersion
from nuvopipe_runtime.plan import Plan
from tests.plans import plan_of

if TYPE_CHECKING:
    from pathlib import Path


def test_a_plan_of_another_version_is_refused_by_name(tmp_path: Path) -> None:
    plan = plan_of({"start": {"next": {"end": True}}})
    (tmp_path / "plan.json").write_text(json.dumps({**plan, "version": 2}))
    with pytest.raises(OtherVersion, match="plan.json has version 2 of its format; this version of nuvopipe reads 1"):
        Plan(str(tmp_path))
