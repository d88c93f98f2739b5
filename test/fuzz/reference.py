"""What a flow is to come to, from its elements as they are written: a plain walk, without Metaflow, tasks or a graph.

Of each task of a step that has a name: `(step, coordinate)` → the artifacts after it. The coordinate has the index of each
item, branch and turn around the step, outermost first.
"""

import builtins
import math
import re
import types


class Failed(Exception):
    """A step has failed for good."""


class Crash(BaseException):
    """The step's process ended."""


CAUGHT = "<an exception>"
"""What stands for a caught exception's wrapper."""

LOST = "_lost"

FAILURE = {"message": "", "step": "", "task": ""}
"""What stands for what is told of a run's failure."""

FLOW_ITEMS = re.compile(r"\$\$\{|\$\{(\w+)\}")


class Self:
    """The `self` of a step, or one of a join's inputs: artifacts, and what Metaflow adds."""

    def __init__(self, artifacts, items):
        self.__dict__.update(artifacts)
        object.__setattr__(self, "_items", items)

    def __setattr__(self, name, value):
        self.__dict__[name] = value

    @property
    def index(self):
        return self._items[-1][0] if self._items else None

    @property
    def input(self):
        return self._items[-1][1] if self._items else None

    def artifacts(self):
        return {name: value for name, value in self.__dict__.items() if not name.startswith("_")}

    def lost(self):
        """Names of artifacts that joins before this have dropped."""
        return self.__dict__.get(LOST, frozenset()) - self.artifacts().keys()

    def keep(self, inputs, bound):
        """What a join does first: it keeps what its inputs agree on."""
        lost = {bound} if bound else set()
        found = {}
        for each in inputs:
            lost |= each.lost()
            for name, value in each.artifacts().items():
                if name not in self.__dict__:
                    found.setdefault(name, []).append(value)
        differing = {name for name, values in found.items() if any(differ(name, each, values[0]) for each in values)}
        kept = {name: values[0] for name, values in found.items() if name not in lost | differing}
        self.__dict__.update(kept)
        self.__dict__[LOST] = frozenset(lost | differing)
        return differing - lost

    def merge_artifacts(self, inputs, exclude=(), include=()):
        found = {}
        for each in inputs:
            for name, value in each.artifacts().items():
                wanted = name in include if include else name not in exclude
                if wanted and name not in self.__dict__:
                    found.setdefault(name, []).append(value)
        missing = [name for name in include if name not in found and name not in self.__dict__]
        differing = [name for name, values in found.items() if any(value != values[0] for value in values)]
        if missing or differing:
            raise ValueError(f"cannot merge: {missing} {differing}")
        self.__dict__.update({name: values[0] for name, values in found.items()})


def differ(name, one, other):
    """Whether two inputs of a join disagree. Failures also have messages and tasks, which are not said here."""
    return one is not other if name == "failures" and one else one != other


class Reference:
    def __init__(self, flow, given):
        self.flow = flow
        self.parameters = {name: given.get(name, one.get("default")) for name, one in flow["parameters"].items()}
        self.tasks = {}
        self.failed_items = []
        """Coordinates of items that failed where others go on: how far others of their tasks came is not said."""
        self.last = {}
        self.handlers = [step["step"] for step in flow.get("onFailure", [])]

    def run(self):
        """Whether the run succeeds; `tasks` and `last` tell the rest."""
        try:
            self.last = self._elements(self.flow["steps"], dict(self.parameters), (), ())
            self.last.pop(LOST, None)
            return True
        except Failed:
            state = {**self.parameters, "failure": FAILURE}
            self._elements(self.flow.get("onFailure", []), state, (), ())
            return False

    def _elements(self, elements, state, at, items, bind=None):
        for element in elements:
            state = self._element(element, state, at, items, bind)
            bind = None
        return state

    def _element(self, element, state, at, items, bind):
        if bind and "step" not in element:
            state = {**state, bind: items[-1][1]}
        for kind in ("step", "foreach", "branches", "switch"):
            if kind in element:
                return getattr(self, "_" + kind)(element, state, at, items, *([bind] if kind == "step" else []))
        return self._loop(element, state, at, items)

    # ------------------------------------------------------------------ steps

    def _step(self, step, state, at, items, bind=None, inputs=None, before=lambda me: None):
        retry = step.get("retry", {"times": 0})
        retry = {"times": retry} if isinstance(retry, int) else retry
        for attempt in range(retry.get("times", 3) + 1):
            me = Self(state, items)
            try:
                if bind:
                    setattr(me, bind, items[-1][1])
                before(me)
                self._body(step, me, attempt, inputs)
                caught = None
                break
            except (Exception, Crash) as error:
                caught = error
                if "on" in retry and not _kinds(error) & set(retry["on"]):
                    break
        if caught is not None and "catch" not in step:
            raise Failed(step.get("step")) from caught
        if isinstance(caught, Crash):
            me = Self(state, items)
        artifacts = me.artifacts()
        if "catch" in step:
            artifacts[step["catch"]] = None if caught is None else CAUGHT
        if "step" in step:
            self.tasks[step["step"], at] = artifacts
        return {**artifacts, LOST: me.lost() - artifacts.keys()}

    def _body(self, step, me, attempt, inputs):
        if "run" in step:
            _run(step["run"], me, attempt, inputs)
        elif "action" in step or "flow" in step:
            given = _fill(step["with"], me)
            if "result" in step:
                setattr(me, step["result"], given)
            else:
                me.__dict__.update(given)

    # ------------------------------------------------------------------ forks

    def _foreach(self, element, state, at, items):
        over, join = element["foreach"], element.get("join")
        if isinstance(over, list):
            values = over
        elif over.isidentifier():
            values = state[over]
        else:
            values = list(_evaluate(over, Self(state, items)))
        if not values:
            if element.get("onEmpty") != "skip":
                raise Failed("empty")
            return {**state, **{name: [] for name in (join or {}).get("collect", [])}}
        collects = element.get("onError") == "collect"
        results, failed = [], []
        for index, value in enumerate(values):
            inside = (*items, (index, value))
            try:
                result = self._elements(element["steps"], state, (*at, index), inside, element.get("as"))
                results.append(Self(result, inside))
            except Failed:
                if not collects:
                    raise
                failed.append({"item": index})
                self.failed_items.append((*at, index))
        if collects and len(results) < _least(element.get("minSuccess", 1), len(values)):
            raise Failed("too few")
        failures = failed if collects else None
        return self._join(join, results, at, items, _caught(element["steps"]), element.get("as"), failures)

    def _branches(self, element, state, at, items):
        results = [
            Self(self._elements(steps, state, (*at, index), items), items)
            for index, steps in enumerate(element["branches"].values())
        ]
        return self._join(element.get("join"), results, at, items, _caught(element["branches"]))

    def _join(self, join, inputs, at, items, caught, bound=None, failures=None):
        collected = (join or {}).get("collect", [])

        def before(me):
            if failures is not None:
                me.failures = failures
            differing = me.keep(inputs, bound)
            if join is None and differing - caught:
                raise ValueError(f"cannot merge: {differing - caught}")
            for name in collected:
                setattr(me, name, [getattr(each, name) for each in inputs])

        return self._step(join or {}, self.parameters, at, items, inputs=inputs, before=before)

    # ------------------------------------------------------------------ decisions

    def _switch(self, element, state, at, items):
        on = element["switch"]
        value = state[on] if on.isidentifier() else _evaluate(on, Self(state, items))
        for key, steps in element["cases"]:
            if isinstance(key, bool) == isinstance(value, bool) and key == value:
                return self._elements(steps, state, at, items)
        if "default" not in element:
            raise Failed("no case")
        return self._elements(element["default"], state, at, items)

    def _loop(self, element, state, at, items):
        kind = "while" if "while" in element else "until"
        turn = 0
        while turn < element.get("max", math.inf):
            if (kind == "while" or turn > 0) and bool(_evaluate(element[kind], Self(state, items))) != (kind == "while"):
                break
            state = self._elements(element["steps"], state, (*at, turn), items)
            turn += 1
        return state


def _least(wanted, count):
    return math.ceil(int(wanted[:-1]) * count / 100) if isinstance(wanted, str) else wanted


def _caught(elements):
    """Artifacts in which steps keep failures."""
    inner = elements.values() if isinstance(elements, dict) else elements if isinstance(elements, list) else []
    own = {elements["catch"]} if isinstance(elements, dict) and "catch" in elements else set()
    return own.union(*map(_caught, inner))


def _kinds(error):
    if isinstance(error, Crash):
        return {"crash"}
    return {cls.__name__ for cls in type(error).__mro__}


def _evaluate(expression, me):
    return eval(f"({expression}\n)", {"self": me})


def _run(code, me, attempt, inputs):
    """The body of a step; what it imports of Metaflow and of the system is ours."""

    def crash(code):
        raise Crash

    current = types.SimpleNamespace(retry_count=attempt)
    ours = {"metaflow": types.SimpleNamespace(current=current), "os": types.SimpleNamespace(_exit=crash)}
    names = {"__builtins__": {**vars(builtins), "__import__": lambda name, *_: ours[name]}}
    body = "\n".join("    " + line for line in code.split("\n"))
    exec(f"def body(self, inputs):\n{body}", names)
    names["body"](me, inputs)


def _fill(value, me):
    """`${name}` in the arguments of an action or a flow."""
    if isinstance(value, list):
        return [_fill(item, me) for item in value]
    if isinstance(value, dict):
        return {key: _fill(item, me) for key, item in value.items()}
    if not isinstance(value, str):
        return value
    whole = re.fullmatch(r"\$\{(\w+)\}", value)
    if whole:
        return getattr(me, whole[1])
    return FLOW_ITEMS.sub(lambda found: str(getattr(me, found[1])) if found[1] else "${", value)
