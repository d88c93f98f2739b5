// Made by `npm run generate` of runtime/flow_helpers; do not edit.
export const helpers = {
  "beside": {
    "imports": [
      "import os"
    ],
    "code": "def _beside(path):\n    \"\"\"Returns the path of a file in the same folder as this one.\"\"\"\n    return os.path.join(os.path.dirname(os.path.abspath(__file__)), path)\n",
    "names": [
      "_beside"
    ]
  },
  "call": {
    "imports": [
      "import inspect"
    ],
    "code": "def _call(self, step, name, function, inputs=None):\n    \"\"\"Calls a function with artifacts and parameters by name; the items of its result become artifacts.\"\"\"\n    positional, keywords = [], {}\n    for parameter in inspect.signature(function).parameters.values():\n        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):\n            continue\n        if parameter.name == \"inputs\" and inputs is not None:\n            value = inputs\n        else:\n            value = _value(self, parameter.name, parameter.default)\n        if value is parameter.empty:\n            why = _why_missing(self, parameter.name) or \"there is no such artifact or parameter\"\n            raise TypeError(f'step {step}: {name} needs \"{parameter.name}\", but {why}')\n        if parameter.kind is parameter.POSITIONAL_ONLY:\n            positional.append(value)\n        else:\n            keywords[parameter.name] = value\n    _set_artifacts(self, step, name, function(*positional, **keywords))\n\n\ndef _value(self, name, default):\n    \"\"\"Returns an artifact, a parameter, or a foreach's input, but not the flow's steps and methods.\"\"\"\n    of_class = getattr(type(self), name, None)\n    if hasattr(of_class, \"is_step\") or (hasattr(metaflow.FlowSpec, name) and name not in (\"input\", \"index\")):\n        return default\n    try:\n        return getattr(self, name)\n    except AttributeError:\n        return default\n",
    "names": [
      "_call",
      "_value"
    ]
  },
  "collect": {
    "imports": [],
    "code": "def _collect(self, inputs, step, names):\n    \"\"\"Sets a list of the inputs' values for each name.\"\"\"\n    for name in names:\n        missing = [each for each in inputs if not hasattr(each, name)]\n        if missing:\n            raise AttributeError(f'step {step}: collects \"{name}\", but {len(missing)} of its inputs have no such artifact')\n        setattr(self, name, [getattr(each, name) for each in inputs])\n",
    "names": [
      "_collect"
    ]
  },
  "failures": {
    "imports": [],
    "code": "def _failures():\n    \"\"\"Items that failed. nuvopipe's runtime replaces this function; Metaflow itself stops at the first failure.\"\"\"\n    return []\n",
    "names": [
      "_failures"
    ]
  },
  "interpolate": {
    "imports": [
      "import json"
    ],
    "code": "def _artifact(self, step, name):\n    try:\n        return getattr(self, name)\n    except AttributeError:\n        why = _why_missing(self, name) or f'there is no artifact or parameter \"{name}\"'\n        raise AttributeError(f\"step {step}: {why}\") from None\n\n\ndef _text(*parts):\n    return \"\".join(map(_written, parts))\n\n\ndef _written(value):\n    \"\"\"Converts a value to text: JSON values as JSON, all others with `str`.\"\"\"\n    if hasattr(value, \"tolist\"):\n        value = value.tolist()  # numpy and the like\n    is_json = value is None or isinstance(value, (bool, int, float, list, tuple, dict))\n    return json.dumps(value, default=str) if is_json else str(value)\n",
    "names": [
      "_artifact",
      "_text",
      "_written"
    ]
  },
  "invoke": {
    "imports": [],
    "code": "def _invoke(step, action, arguments):\n    \"\"\"nuvopipe's runtime replaces this function by one that returns the action's answer.\"\"\"\n    raise RuntimeError(f\"step {step}: it calls the OpenWhisk action {action}, so the flow only runs with nuvopipe\")\n",
    "names": [
      "_invoke"
    ]
  },
  "items": {
    "imports": [
      "from collections.abc import Sequence",
      "from itertools import islice"
    ],
    "code": "def _check_items(self, step, artifact, may_be_empty=False):\n    \"\"\"Checks that a foreach iterates over a list, or a value with length and index like one. False if it is empty.\"\"\"\n    try:\n        items = getattr(self, artifact)\n    except AttributeError:\n        why = _why_missing(self, artifact) or \"there is no such artifact\"\n        raise AttributeError(f'step {step}: the foreach iterates over \"{artifact}\", but {why}') from None\n    if not _is_list(items):\n        raise TypeError(\n            f'step {step}: the foreach iterates over \"{artifact}\", which must be a list but is '\n            + (\"None\" if items is None else f\"of type {type(items).__name__}\")\n        )\n    if len(items) == 0 and not may_be_empty:\n        raise ValueError(\n            f'step {step}: the foreach iterates over \"{artifact}\", which is an empty list; it needs at least one item'\n        )\n    return len(items) > 0\n\n\ndef _is_list(items):\n    \"\"\"Whether a value is a list, tuple, range or the like, or an array or series of a library, but not a table.\"\"\"\n    if isinstance(items, Sequence):\n        return not isinstance(items, (str, bytes, bytearray))\n    return (getattr(items, \"ndim\", 0) > 0 or hasattr(items, \"to_list\")) and not hasattr(items, \"columns\")\n",
    "methods": [
      "def _find_input(self, stack_index=None):",
      "    \"\"\"Returns an item by its position.\"\"\"",
      "    at = len(self._foreach_stack) - 1 if stack_index is None else stack_index",
      "    if self._foreach_stack and at not in self._cached_input:",
      "        frame = self._foreach_stack[at]",
      "        items = getattr(self, frame.var, None)",
      "        if hasattr(items, \"to_numpy\"):",
      "            self._cached_input[at] = next(islice(items, frame.index, None))",
      "    return super()._find_input(stack_index)"
    ],
    "names": [
      "_check_items",
      "_is_list"
    ]
  },
  "joining": {
    "imports": [],
    "code": "",
    "methods": [
      "def __getattr__(self, name):",
      "    try:",
      "        return super().__getattr__(name)",
      "    except AttributeError as error:",
      "        raise AttributeError(_why_missing(self, name) or str(error)) from None",
      "",
      "def merge_artifacts(self, inputs, exclude=None, include=None):",
      "    \"\"\"Does the same as Metaflow's, for artifacts that the join has not already kept.\"\"\"",
      "    if include and not exclude:",
      "        include = [name for name in include if name not in self._datastore]",
      "        if include:",
      "            super().merge_artifacts(inputs, include=include)",
      "        return",
      "    kept = [name for name, _ in self._datastore.items()]",
      "    super().merge_artifacts(inputs, exclude=[*(exclude or []), *_HIDDEN, *kept], include=include)"
    ],
    "names": []
  },
  "keep": {
    "imports": [],
    "code": "_UNORDERED = {str(kind) for kind in (set, frozenset, dict, list, tuple)}\n_COMPARED_MAX_BYTES = 256 << 10\n\n\ndef _keep(self, inputs, step, dropped=(), branches=None, failed=()):\n    \"\"\"Keeps artifacts that the inputs agree on; returns the names of those on which they newly disagree.\"\"\"\n    inputs = list(inputs)\n    own = {*_HIDDEN, *vars(self), *dir(type(self))}\n    found, same, lost, new = {}, {}, {}, []\n    for each in inputs:\n        lost.update({name: info for name, info in each._datastore._info.items() if \"dropped\" in info})\n    for index, each in enumerate(inputs):\n        for name, sha in each._datastore.items():\n            first, known = found.get(name, (index, ()))\n            if sha in known or name in lost or name in own:\n                continue\n            if name in dropped:\n                lost[name] = {\"dropped\": step, \"why\": \"each item has its own value\"}\n            elif not known:\n                found[name] = index, {sha}\n            elif _is_same(inputs[first], each, name, same):\n                known.add(sha)\n            else:\n                pair = _input_names(inputs, (first, index), branches, failed)\n                lost[name] = {\"dropped\": step, \"why\": f\"{pair} have different values of it\"}\n                new.append(name)\n    for name, (index, _) in found.items():\n        if name not in lost:\n            self._datastore.passdown_partial(inputs[index]._datastore, [name])\n    self._datastore._info.update({name: info for name, info in lost.items() if name not in own})\n    return new\n\n\ndef _is_same(one, other, name, values):\n    \"\"\"Whether two artifacts with different hashes have the same value, because sets were pickled in another order.\"\"\"\n    ours, theirs = (each._datastore._info[name] for each in (one, other))\n    if ours[\"type\"] not in _UNORDERED or ours[\"type\"] != theirs[\"type\"]:\n        return False\n    size, difference = ours[\"size\"], abs(ours[\"size\"] - theirs[\"size\"])\n    if size > _COMPARED_MAX_BYTES or difference * 16 > size:\n        return False\n    try:\n        if name not in values:\n            values[name] = one._datastore[name]\n        return _is_equal(values[name], other._datastore[name])\n    except OSError:\n        raise\n    except Exception:\n        return False  # values that cannot be loaded here or compared\n\n\ndef _is_equal(one, other):\n    \"\"\"Compares two values. 1 and True differ, and only the order of sets does not matter.\"\"\"\n    if type(one) is not type(other):\n        return False\n    if isinstance(one, dict):\n        return _is_equal(list(one.items()), list(other.items()))\n    if isinstance(one, (list, tuple)):\n        return len(one) == len(other) and all(map(_is_equal, one, other))\n    return bool(one == other)\n\n\ndef _input_names(inputs, indices, branches, failed):\n    if branches is None:\n        items = [item for item in range(len(inputs) + len(failed)) if item not in failed]\n        return \"items \" + \" and \".join(str(items[index]) for index in indices)\n    steps = {inputs[index]._current_step for index in indices}\n    return \"branches \" + \" and \".join(f'\"{name}\"' for step, name in branches.items() if step in steps)\n",
    "names": [
      "_UNORDERED",
      "_COMPARED_MAX_BYTES",
      "_keep",
      "_is_same",
      "_is_equal",
      "_input_names"
    ]
  },
  "make_items": {
    "imports": [
      "from collections.abc import Iterable"
    ],
    "code": "def _make_items(step, items):\n    \"\"\"Returns the items of a foreach as a list.\"\"\"\n    if isinstance(items, (str, bytes, bytearray)) or not isinstance(items, Iterable):\n        kind = \"None\" if items is None else f\"of type {type(items).__name__}\"\n        raise TypeError(f\"step {step}: the foreach iterates over a value that must be a list but is {kind}\")\n    return list(items)\n",
    "names": [
      "_make_items"
    ]
  },
  "merge": {
    "imports": [],
    "code": "def _merge(self, inputs, step, caught=(), **keep):\n    differing = set(_keep(self, inputs, step, **keep)) - set(caught)\n    if differing:\n        names = \", \".join(f'\"{name}\"' for name in sorted(differing))\n        raise ValueError(\n            f\"step {step}: the inputs have different values of {names}, so they cannot be merged; \"\n            \"write a join that sets them\"\n        )\n",
    "names": [
      "_merge"
    ]
  },
  "pause": {
    "imports": [
      "import time"
    ],
    "code": "def _pause(seconds, case):\n    \"\"\"Pauses between two turns of a loop. nuvopipe's runtime replaces this function by a pause that needs no container.\"\"\"\n    if case == \"turn\":\n        time.sleep(seconds)\n    return case\n",
    "names": [
      "_pause"
    ]
  },
  "pick": {
    "imports": [],
    "code": "def _pick(step, value, cases, default=None):\n    \"\"\"Returns the label of the case that equals the value.\"\"\"\n    if hasattr(value, \"item\") and getattr(value, \"ndim\", None) == 0:\n        value = value.item()  # a numpy scalar\n    for label, case in cases.items():\n        if isinstance(case, bool) == isinstance(value, bool) and case == value:\n            return label\n    if default is None:\n        raise ValueError(f\"step {step}: the switch has no case for {value!r}, and no default\")\n    return default\n",
    "names": [
      "_pick"
    ]
  },
  "set_artifacts": {
    "imports": [
      "from collections.abc import Mapping"
    ],
    "code": "def _set_artifacts(self, step, name, result):\n    \"\"\"Sets the items of a result as artifacts.\"\"\"\n    if not isinstance(result, Mapping):\n        raise TypeError(\n            f\"step {step}: {name} returned {'None' if result is None else 'a ' + type(result).__name__}; \"\n            \"it must return a dict, whose items become artifacts\"\n        )\n    for key, value in result.items():\n        is_name = isinstance(key, str) and key.isidentifier() and not key.startswith(\"_\")\n        if not is_name or hasattr(type(self), key):\n            raise TypeError(f\"step {step}: {name} returned {key!r}, which cannot be the name of an artifact\")\n        setattr(self, key, value)\n",
    "names": [
      "_set_artifacts"
    ]
  },
  "start_flow": {
    "imports": [],
    "code": "def _start_flow(step, flow, arguments, detach=False):\n    \"\"\"nuvopipe's runtime replaces this function by one that returns the flow's outputs.\"\"\"\n    raise RuntimeError(f\"step {step}: it starts the flow {flow} on OpenWhisk, so this flow only runs with nuvopipe\")\n",
    "names": [
      "_start_flow"
    ]
  },
  "turn": {
    "imports": [],
    "code": "def _turn(self, loop, wanted, most):\n    \"\"\"Counts a turn of a loop; says whether another one follows.\"\"\"\n    turns = dict(getattr(self, \"_turns\", {}))\n    count = turns.pop(loop, 0) + 1\n    goes_on = bool(wanted) and count < most\n    if goes_on:\n        turns[loop] = count\n    self._turns = turns\n    return \"turn\" if goes_on else \"done\"\n",
    "names": [
      "_turn"
    ]
  },
  "why_missing": {
    "imports": [],
    "code": "def _why_missing(self, name):\n    \"\"\"Returns why an artifact is missing if a join dropped it; otherwise None.\"\"\"\n    info = self._datastore._info.get(name, {}) if self._datastore else {}\n    if \"dropped\" not in info:\n        return None\n    return f'the join \"{info[\"dropped\"]}\" dropped \"{name}\", because {info[\"why\"]}; set self.{name} in the join'\n",
    "names": [
      "_why_missing"
    ]
  }
};
