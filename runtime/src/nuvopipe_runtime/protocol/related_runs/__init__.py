"""Related runs: the run that is resumed, the called runs, the calling run, and what a session has launched."""

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
