"""What a container keeps between its activations."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .durations import Durations
from .pace import Pace
from .record_cache import RecordCache
from .stop_check import StopCheck

if TYPE_CHECKING:
    from ...execution.execute import Executor
    from ..values.secret_parameters import SecretParameters


@dataclass
class Container:
    executor: Executor
    secrets: SecretParameters
    records: RecordCache = field(default_factory=RecordCache)
    stop_check: StopCheck = field(default_factory=StopCheck)
    durations: Durations = field(default_factory=Durations)
    pace: Pace = field(default_factory=Pace)
