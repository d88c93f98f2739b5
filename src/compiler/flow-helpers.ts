/**
 * The helpers of a compiled `flow.py`: it imports nothing of nuvopipe, so what its steps share stands in it. Only those that
 * a flow needs are written.
 */
export interface Helper {
  /** Lines of imports from Python's own library. */
  imports: string[];
  code: string;
}

/** A foreach iterates over a list; anything else is reported here, by step and artifact, before Metaflow stumbles over it. */
export const CHECK_ITEMS: Helper = {
  imports: ['from collections.abc import Sequence', 'from itertools import islice'],
  code: `def _check_items(self, step, artifact, may_be_empty=False):
    """A foreach goes over a list (or what can be counted and indexed like one); says whether there is anything in it."""
    try:
        items = getattr(self, artifact)
    except AttributeError:
        why = _why_missing(self, artifact) or "there is no such artifact"
        raise AttributeError(f'step {step}: the foreach goes over "{artifact}", and {why}') from None
    if not _is_list(items):
        raise TypeError(
            f'step {step}: the foreach goes over "{artifact}", which has to be a list and is '
            + ("None" if items is None else f"of type {type(items).__name__}")
        )
    if len(items) == 0 and not may_be_empty:
        raise ValueError(
            f'step {step}: the foreach goes over "{artifact}", which is an empty list; it needs an item at least'
        )
    return len(items) > 0


def _is_list(items):
    """Lists, tuples, ranges and the like, and arrays and series of numpy, pandas, polars and others; no tables."""
    if isinstance(items, Sequence):
        return not isinstance(items, (str, bytes, bytearray))
    return (getattr(items, "ndim", 0) > 0 or hasattr(items, "to_list")) and not hasattr(items, "columns")
`,
};

/** Method of the class of a flow with a foreach. Metaflow takes an item by its index, and a Series takes that for a label. */
export const ITEM_METHODS: readonly string[] = `\
def _find_input(self, stack_index=None):
    """An item by its position."""
    at = len(self._foreach_stack) - 1 if stack_index is None else stack_index
    if self._foreach_stack and at not in self._cached_input:
        frame = self._foreach_stack[at]
        items = getattr(self, frame.var, None)
        if hasattr(items, "to_numpy"):
            self._cached_input[at] = next(islice(items, frame.index, None))
    return super()._find_input(stack_index)`.split('\n');

/** Items that an expression gives: a range, a generator, a set, … */
export const MAKE_ITEMS: Helper = {
  imports: ['from collections.abc import Iterable'],
  code: `def _make_items(step, items):
    """The items of a foreach, as a list."""
    if isinstance(items, (str, bytes, bytearray)) or not isinstance(items, Iterable):
        kind = "None" if items is None else f"of type {type(items).__name__}"
        raise TypeError(f"step {step}: the foreach goes over a value that has to be a list and is {kind}")
    return list(items)
`,
};

/** Of \`onError: collect\`. */
export const FAILURES: Helper = {
  imports: [],
  code: `def _failures():
    """Items that failed. nuvopipe's runtime puts its own in the place of this: Metaflow stops at the first failure."""
    return []
`,
};

/** Which case a value is. Python takes True for 1; a flow file does not. */
export const PICK: Helper = {
  imports: [],
  code: `def _pick(step, value, cases, default=None):
    """The label of the case that equals the value."""
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:
        value = value.item()  # a scalar of numpy
    for label, case in cases.items():
        if isinstance(case, bool) == isinstance(value, bool) and case == value:
            return label
    if default is None:
        raise ValueError(f"step {step}: the switch has no case for {value!r}, and no default")
    return default
`,
};

/** Counts the turns of loops that have a greatest number of them. */
export const TURNS: Helper = {
  imports: [],
  code: `def _turn(self, loop, wanted, most):
    """Whether a loop takes another turn, after one."""
    turns = dict(getattr(self, "_turns", {}))
    count = turns.pop(loop, 0) + 1
    goes_on = bool(wanted) and count < most
    if goes_on:
        turns[loop] = count
    self._turns = turns
    return "turn" if goes_on else "done"
`,
};

/** Of loops that pause between their turns. */
export const PAUSE: Helper = {
  imports: ['import time'],
  code: `def _pause(seconds, case):
    """Between two turns of a loop. nuvopipe's runtime puts its own in the place of this, and keeps no container meanwhile."""
    if case == "turn":
        time.sleep(seconds)
    return case
`,
};

/** Artifacts and parameters in the arguments of actions and flows. */
export const INTERPOLATE: Helper = {
  imports: ['import json'],
  code: `def _artifact(self, step, name):
    try:
        return getattr(self, name)
    except AttributeError:
        why = _why_missing(self, name) or f'there is no artifact or parameter "{name}"'
        raise AttributeError(f"step {step}: {why}") from None


def _text(*parts):
    return "".join(map(_written, parts))


def _written(value):
    """A value in a text: what JSON knows as JSON, everything else as its own text."""
    if hasattr(value, "tolist"):
        value = value.tolist()  # numpy and the like
    is_json = value is None or isinstance(value, (bool, int, float, list, tuple, dict))
    return json.dumps(value, default=str) if is_json else str(value)
`,
};

export const INVOKE: Helper = {
  imports: [],
  code: `def _invoke(step, action, arguments):
    """nuvopipe's runtime puts what the action answered in the place of this."""
    raise RuntimeError(f"step {step}: it invokes the OpenWhisk action {action}, so that the flow needs nuvopipe to run")
`,
};

export const START_FLOW: Helper = {
  imports: [],
  code: `def _start_flow(step, flow, arguments, detach=False):
    """nuvopipe's runtime puts the flow's outputs in the place of this."""
    raise RuntimeError(f"step {step}: it starts the flow {flow} on OpenWhisk, so that the flow needs nuvopipe to run")
`,
};

/** Items of a mapping become artifacts. */
export const ARTIFACTS: Helper = {
  imports: ['from collections.abc import Mapping'],
  code: `def _set_artifacts(self, step, name, result):
    """The items of a result become artifacts."""
    if not isinstance(result, Mapping):
        raise TypeError(
            f"step {step}: {name} returned {'None' if result is None else 'a ' + type(result).__name__}; "
            "it has to return a dict, whose items become artifacts"
        )
    for key, value in result.items():
        is_name = isinstance(key, str) and key.isidentifier() and not key.startswith("_")
        if not is_name or hasattr(type(self), key):
            raise TypeError(f"step {step}: {name} returned {key!r}, which cannot be the name of an artifact")
        setattr(self, key, value)
`,
};

export const CALL: Helper = {
  imports: ['import inspect'],
  code: `def _call(self, step, name, function, inputs=None):
    """Calls a function with artifacts and parameters by name; the items of its result become artifacts."""
    positional, keywords = [], {}
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        if parameter.name == "inputs" and inputs is not None:
            value = inputs
        else:
            value = _value(self, parameter.name, parameter.default)
        if value is parameter.empty:
            why = _why_missing(self, parameter.name) or "there is no such artifact or parameter"
            raise TypeError(f'step {step}: {name} wants "{parameter.name}", and {why}')
        if parameter.kind is parameter.POSITIONAL_ONLY:
            positional.append(value)
        else:
            keywords[parameter.name] = value
    _set_artifacts(self, step, name, function(*positional, **keywords))


def _value(self, name, default):
    """An artifact, a parameter, or a foreach's input; but not the flow's steps and methods."""
    of_class = getattr(type(self), name, None)
    if hasattr(of_class, "is_step") or (hasattr(metaflow.FlowSpec, name) and name not in ("input", "index")):
        return default
    try:
        return getattr(self, name)
    except AttributeError:
        return default
`,
};

export const BESIDE: Helper = {
  imports: ['import os'],
  code: `def _beside(path):
    """A file that lies beside this one."""
    return os.path.join(os.path.dirname(os.path.abspath(__file__)), path)
`,
};

/** Names of the functions above. */
export const HELPER_NAMES: readonly string[] = [
  ...[
    '_check_items',
    '_is_list',
    '_make_items',
    '_keep',
    '_is_same',
    '_is_equal',
    '_input_names',
    '_merge',
    '_collect',
  ],
  ...['_why_missing', '_failures', '_pick', '_turn', '_pause', '_HIDDEN', '_UNORDERED', '_COMPARED_MAX_BYTES'],
  ...['_artifact', '_text', '_written', '_invoke', '_start_flow', '_set_artifacts', '_call', '_value', '_beside'],
];
