"""One task: its inputs, its execution, its attempts, its commit, and the earlier results that replace it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .inputs import Inputs
    from .reuse import Reuse
    from .task_runner import TaskRunner


@dataclass(frozen=True)
class Tasks:
    inputs: Inputs
    reuse: Reuse
    runner: TaskRunner
