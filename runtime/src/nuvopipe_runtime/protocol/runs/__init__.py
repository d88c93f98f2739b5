"""A run as a whole: admission, beginning, end and recovery."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .admission import Admission
    from .beginning import Beginning
    from .ending import Ending
    from .recovery import Recovery


@dataclass(frozen=True)
class Runs:
    admission: Admission
    beginning: Beginning
    ending: Ending
    recovery: Recovery
