"""`python -m nuvopipe_testing FOLDER`: a compiled flow's cases come as lines of JSON, and so do their outcomes go.

With `read`, a run's name, a line asks for artifacts of a run in the `store` instead.
"""

import json
import os
import sys

from nuvopipe_runtime.plan import Plan
from nuvopipe_runtime.store import open_store

from .cases import Cases

PASSED_ON = ("PATH", "LANG", "LC_ALL", "HOME", "TMPDIR", "PYTHONPATH", "LD_LIBRARY_PATH", "VIRTUAL_ENV")
"""What steps see of this process's environment, as `action.py` has it."""


def main(folder):
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever else writes to stdout must not be taken for an answer
    environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
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
    main(sys.argv[1])
