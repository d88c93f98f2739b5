"""Small flows for the search: plans as the compiler writes them, and which attempts fail."""

from nuvopipe_runtime.plan import Plan, coordinate_of, task_id

STEP_MS = 10_000
"""Every step's time limit."""

EPOCH_MS = 25_000
"""The unit of the clock and the lease of a claim for such a step: `lease_ms(STEP_MS)`."""

RETRY = {"times": 1, "backoffMs": EPOCH_MS, "factor": 1, "maxMs": EPOCH_MS, "jitter": 0, "on": []}


class Flow(Plan):
    """A plan without files. `fails` lists `(step, task, attempt)` of failing attempts; `None` stands for any attempt."""

    def __init__(self, steps, pools=None, fails=(), items=None):
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

    def outcome(self, step, task, attempt):
        """Whether an attempt succeeds."""
        return not {(step, task, attempt), (step, task, None)} & self.fails

    def items_of(self, opener, task):
        """`(step, task)` of the last task of each item."""
        at = coordinate_of(task)
        return [(self.last(opener, item), task_id([*at, item])) for item in range(self.items[opener])]


def linear():
    return Flow({"start": {"next": {"step": "end"}}, "end": {"next": {"end": True}}})


def foreach(items, lanes, fails=(), retry=False, collect=False):
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


def nested(items, inner, lanes, fails=(), collect=False):
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


def _pool(first, last, join, lanes, collect):
    pool = {"kind": "foreach", "over": "items", "first": [first], "last": [last], "join": join, "concurrency": lanes}
    return pool | ({"minSuccess": {"count": 1}} if collect else {})
