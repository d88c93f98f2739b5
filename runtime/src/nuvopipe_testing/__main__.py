"""`python -m nuvopipe_testing FOLDER [PACKAGES LAYER…]` runs cases of a compiled flow.

They come as lines of JSON, and so do their outcomes go. The zips of the layers lie in the folder PACKAGES. With `read`, a run's
name, a line asks for artifacts of a run in the `store` instead.
"""

import json
import os
import sys

from nuvopipe_runtime.contract.protocol import PASSED_ON_VARIABLES
from nuvopipe_runtime.execution.lifetime import die_with_parent
from nuvopipe_runtime.layers import ensure_layer
from nuvopipe_runtime.plan import Plan
from nuvopipe_runtime.store import open_store

from .cases import Cases


class Folder:
    """As much of a store as layers are fetched from."""

    def __init__(self, path):
        self._path = path

    def get(self, key):
        with open(os.path.join(self._path, os.path.basename(key)), "rb") as file:
            return (file.read(),)


def main(folder, packages=None, *layers):
    die_with_parent()
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever else writes to stdout must not be taken for an answer
    environment = {name: os.environ[name] for name in PASSED_ON_VARIABLES if name in os.environ}
    paths = [ensure_layer(Folder(packages), layer) for layer in layers]
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [*paths, environment.get("PYTHONPATH")]))
    cases = Cases(Plan(folder), environment)
    try:
        for line in sys.stdin:
            answers.write(json.dumps(_answer(cases, json.loads(line))) + "\n")
            answers.flush()
    finally:
        cases.close()


def _answer(cases, request):
    try:
        if "read" in request:
            return {"artifacts": cases.read(open_store(request["store"]), request["read"], request["artifacts"])}
        return cases.run(request)
    except Exception as error:
        return {"broken": f"{type(error).__name__}: {error}"}


if __name__ == "__main__":
    main(*sys.argv[1:])
