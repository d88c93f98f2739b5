"""The runs that a run is related to: the one it resumes, those it has called, the one that has called it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .children import Children
    from .lineage import Lineage
    from .parent import Parent


@dataclass(frozen=True)
class RelatedRuns:
    lineage: Lineage
    children: Children
    parent: Parent
