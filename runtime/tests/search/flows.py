"""Small flows for the search: plans as the compiler writes them, and the attempts that fail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nuvopipe_runtime.plan import Plan, coordinate_of, task_id

if TYPE_CHECKING:
    from collections.abc import Sequence


STEP_MS = 10_000
"""Time limit of every step."""

EPOCH_MS = 25_000
"""The clock's unit, which is also the lease of a claim for such a step: `lease_ms(STEP_MS)`."""

RETRY = {"times": 1, "backoffMs": EPOCH_MS, "factor": 1, "maxMs": EPOCH_MS, "jitter": 0, "on": []}


class Flow(Plan):
    """A plan without files. `fails` lists `(step, task, attempt)` of failing attempts; `None` stands for any attempt."""

    def __init__(
        self, steps: dict[str, Any], pools: dict[str, Any] | None = None, fails: Sequence[Any] = (), items: Any = None
    ) -> None:
        self.directory = ""
        self.hash = "model"
        self.flow = "F"
        self.start, self.end = "start", "end"
        self.parameters, self.outputs, self.tags, self.loops = {}, [], [], {}
        self.on_failure = self.timeout_ms = self.runs = None
        self.is_sequence = False
        self.handlers = set()
        defaults = {"block": "b", "profile": "p", "timeoutMs": STEP_MS, "within": []}
        self.steps = {name: {**defaults, **spec} for name, spec in steps.items()}
        self.pools = pools or {}
        self.fails = frozenset(fails)
        self.items = items or {}
        self._before = self._only_predecessors()

    def outcome(self, step: str, task: str, attempt: int) -> bool:
        """Whether an attempt succeeds."""
        return not {(step, task, attempt), (step, task, None)} & self.fails

    def items_of(self, opener: str, task: str) -> list[Any]:
        """`(step, task)` of the last task of each item."""
        at = coordinate_of(task)
        return [(self.last(opener, item), task_id([*at, item])) for item in range(self.items[opener])]


def linear() -> Flow:
    return Flow({"start": {"next": {"step": "end"}}, "end": {"next": {"end": True}}})


def foreach(items: Any, lanes: int, fails: Sequence[Any] = (), retry: bool = False, collect: bool = False) -> Flow:
    """A foreach: start, `items` times `body`, join, end."""
    body = {"next": {"done": "start"}, "within": ["start"]} | ({"retry": RETRY} if retry else {})
    return Flow(
        {
            "start": {"next": {"open": "start"}},
            "body": body,
            "join": {"next": {"step": "end"}, "joins": "start"},
            "end": {"next": {"end": True}},
        },
        {"start": _pool("body", "body", "join", lanes, collect)},
        fails,
        {"start": items},
    )


def nested(items: Any, inner: int, lanes: int, fails: Sequence[Any] = (), collect: bool = False) -> Flow:
    """A foreach whose body, `split`, opens an inner foreach of `deep`."""
    return Flow(
        {
            "start": {"next": {"open": "start"}},
            "split": {"next": {"open": "split"}, "within": ["start"]},
            "deep": {"next": {"done": "split"}, "within": ["start", "split"]},
            "gather": {"next": {"done": "start"}, "within": ["start"], "joins": "split"},
            "join": {"next": {"step": "end"}, "joins": "start"},
            "end": {"next": {"end": True}},
        },
        {
            "start": _pool("split", "gather", "join", lanes, collect),
            "split": _pool("deep", "deep", "gather", 2, False),
        },
        fails,
        {"start": items, "split": inner},
    )


def _pool(first: str, last: str, join: str, lanes: int, collect: bool) -> Any:
    pool = {"kind": "foreach", "over": "items", "first": [first], "last": [last], "join": join, "concurrency": lanes}
    return pool | ({"minSuccess": {"count": 1}} if collect else {})
