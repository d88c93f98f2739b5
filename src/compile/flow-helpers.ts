/**
 * The helpers of a compiled `flow.py`: it imports nothing of nuvopipe, so what its steps share stands in it. Only those that
 * a flow needs are written.
 */
export interface Helper {
  /** Lines of imports from Python's own library. */
  imports: string[];
  code: string;
}

/** A foreach goes over a list; whatever else it is given is told here, by step and artifact, before Metaflow stumbles over it. */
export const CHECK_ITEMS: Helper = {
  imports: ['from collections.abc import Sequence'],
  code: `def _check_items(self, step, artifact):
    """A foreach goes over a list (or what can be counted and indexed like one) that is not empty."""
    try:
        items = getattr(self, artifact)
    except AttributeError:
        raise AttributeError(
            f'step {step}: the foreach goes over "{artifact}", and there is no such artifact'
        ) from None
    is_list = isinstance(items, Sequence) and not isinstance(items, (str, bytes, bytearray))
    if not is_list and getattr(items, "ndim", 0) != 1:
        raise TypeError(
            f'step {step}: the foreach goes over "{artifact}", which has to be a list and is '
            + ("None" if items is None else f"of type {type(items).__name__}")
        )
    if len(items) == 0:
        raise ValueError(
            f'step {step}: the foreach goes over "{artifact}", which is an empty list; it needs an item at least'
        )
`,
};

export const MERGE: Helper = {
  imports: ['from metaflow.exception import UnhandledInMergeArtifactsException'],
  code: `def _merge(self, inputs, step, exclude=()):
    """The join of a fork that has none of its own: artifacts that the inputs agree on."""
    try:
        self.merge_artifacts(inputs, exclude=list(exclude))
    except UnhandledInMergeArtifactsException as conflict:
        names = ", ".join(f'"{name}"' for name in sorted(set(conflict.artifact_names)))
        raise ValueError(
            f"step {step}: the inputs have different values of {names}, so they cannot be merged; "
            "write a join that says what becomes of them"
        ) from None
`,
};

export const CALL: Helper = {
  imports: ['import inspect', 'from collections.abc import Mapping'],
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
            raise TypeError(
                f'step {step}: {name} wants "{parameter.name}", and there is no such artifact or parameter'
            )
        if parameter.kind is parameter.POSITIONAL_ONLY:
            positional.append(value)
        else:
            keywords[parameter.name] = value
    result = function(*positional, **keywords)
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
