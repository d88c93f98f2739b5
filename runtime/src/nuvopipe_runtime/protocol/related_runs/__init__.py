"""Related runs: the run that is resumed, the called runs, the calling run, and the sessions that a session launches."""

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
