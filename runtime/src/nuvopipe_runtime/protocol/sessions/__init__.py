"""Conductor sessions: how they pass from component to component, and hand over to fresh sessions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .handover import Handover
    from .watch import Watch


@dataclass(frozen=True)
class Sessions:
    handover: Handover
    watch: Watch
