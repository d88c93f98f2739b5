"""Visits all states breadth-first, so that counterexamples are minimal."""

from __future__ import annotations

from array import array
from collections import deque
from typing import TYPE_CHECKING, Any

from .world import NEVER_BEGAN, Violation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .world import World


STATES_MAX = 5_000_000


class Found(AssertionError):
    """Raised if a property does not hold. `name`: the property; `path`: readable labels of the steps that lead there."""

    def __init__(self, violation: Any, path: list[Any]) -> None:
        super().__init__("\n".join([str(violation), f"after {len(path)} steps:", *path]))
        self.name = violation.name
        self.path = path


class Search:
    """`statuses`: allowed statuses of the result. `finishes`: whether every state must have a path to the end."""

    def __init__(
        self, world: World, statuses: Sequence[str] = ("succeeded",), finishes: bool = True, states_max: int = STATES_MAX
    ) -> None:
        self.world = world
        self.statuses = statuses
        self.finishes = finishes
        self.states_max = states_max
        self.states = []
        self._came_from = array("l")
        self._labels = []
        self.transitions = 0

    def run(self) -> Any:
        """Raises `Found` for the first property that does not hold."""
        world = self.world
        numbers = {}
        first = world.first()
        numbers[first] = 0
        self.states.append(first)
        self._came_from.append(-1)
        self._labels.append(None)
        sources, targets = array("l"), array("l")
        waiting = deque([0])
        while waiting:
            number = waiting.popleft()
            for label, is_fault, following in world.successors(self.states[number]):
                self.transitions += 1
                if isinstance(following, Violation):
                    raise Found(following, self._path(number, label))
                target = numbers.get(following)
                if target is None:
                    target = numbers[following] = len(self.states)
                    self.states.append(following)
                    self._came_from.append(number)
                    self._labels.append(label)
                    waiting.append(target)
                    status = world.status(following)
                    if status is not None and status not in (*self.statuses, NEVER_BEGAN):
                        raise Found(Violation("the result is right", status), self._path(target))
                    if target > self.states_max:
                        raise RuntimeError(f"more than {self.states_max} states")
                if not is_fault:
                    sources.append(number)
                    targets.append(target)
        if self.finishes:
            self._check_that_all_finish(sources, targets)
        return self

    def _check_that_all_finish(self, sources: Any, targets: Any) -> None:
        """Checks that every state has a path to the end without further faults."""
        before = [[] for _ in self.states]
        for source, target in zip(sources, targets, strict=True):
            before[target].append(source)
        finishing = bytearray(len(self.states))
        waiting = [number for number, state in enumerate(self.states) if self.world.is_over(state)]
        for number in waiting:
            finishing[number] = 1
        while waiting:
            for number in before[waiting.pop()]:
                if not finishing[number]:
                    finishing[number] = 1
                    waiting.append(number)
        for stuck, state in enumerate(self.states):
            if finishing[stuck] or not self.world.must_finish(state):
                continue
            raise Found(Violation("I3 no lost work", "from here the run never ends"), self._path(stuck))

    def _path(self, number: int, *last: Any) -> list[Any]:
        labels = []
        while number > 0:
            labels.append(self._labels[number])
            number = self._came_from[number]
        return [self.world.tell(label) for label in (*reversed(labels), *last)]
