"""Types of fixtures that tests share."""

from collections.abc import Callable
from typing import TypeAlias

from nuvopipe_testing.one_flow import OneFlow

MakeFlow: TypeAlias = Callable[..., OneFlow]
"""`platform(flow_py, steps, pools, **plan)`: see `conftest.py`."""
