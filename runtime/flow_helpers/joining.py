"""Changes Metaflow's behaviour for flows with joins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .flow import _HIDDEN, Flow
from .why_missing import _why_missing

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any


class JoiningMethods(Flow):
    """Methods of a flow with joins."""

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except AttributeError as error:
            raise AttributeError(_why_missing(self, name) or str(error)) from None

    def merge_artifacts(
        self, inputs: Iterable[Flow], exclude: list[str] | None = None, include: list[str] | None = None
    ) -> None:
        """Does the same as Metaflow's, for artifacts that the join has not already kept."""
        if include and not exclude:
            include = [name for name in include if name not in self._datastore]
            if include:
                super().merge_artifacts(inputs, include=include)
            return
        kept = [name for name, _ in self._datastore.items()]
        super().merge_artifacts(inputs, exclude=[*(exclude or []), *_HIDDEN, *kept], include=include)
