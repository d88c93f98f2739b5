"""`python -m nuvopipe_testing FOLDER [PACKAGES LAYER…]` runs cases of a compiled flow.

Cases and outcomes are lines of JSON. The zips of the layers are in the folder PACKAGES. A line with `read`, the name of a run,
is not a case: it asks for artifacts of that run in the `store`.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from nuvopipe_runtime.contract.protocol import PASSED_ON_VARIABLES
from nuvopipe_runtime.execution.lifetime import die_with_parent
from nuvopipe_runtime.layers import ensure_layer
from nuvopipe_runtime.plan import Plan
from nuvopipe_runtime.store import open_store

from .cases import Cases


class Folder:
    """The part of a store from which layers are fetched, reading a folder."""

    def __init__(self, path: str) -> None:
        self._path = path

    def get(self, key: str) -> tuple[bytes]:
        with open(os.path.join(self._path, os.path.basename(key)), "rb") as file:
            return (file.read(),)


def main(folder: str, packages: str = "", *layers: str) -> None:
    die_with_parent()
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # other output on stdout must not be mistaken for an answer
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


def _answer(cases: Cases, request: Any) -> dict[str, Any]:
    try:
        if "read" in request:
            return {"artifacts": cases.read(open_store(request["store"]), request["read"], request["artifacts"])}
        return cases.run(request)
    except Exception as error:
        return {"broken": f"{type(error).__name__}: {error}"}


if __name__ == "__main__":
    main(*sys.argv[1:])
